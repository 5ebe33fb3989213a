"""The settings that a local start derives from those given, and its messages for wrong ones."""

from pathlib import Path

import pytest

from deploy.local import secret_file, settings
from deploy.local.errors import LocalError


def read(directory: Path, **given: str) -> settings.Settings:
    return settings.read({"LOCAL_DIRECTORY": str(directory), "HOME": "elsewhere"} | given)


def test_nothing_set_gives_the_documented_addresses(tmp_path: Path) -> None:
    values = read(tmp_path).values

    assert values["IDENTITY_ISSUER"] == "http://localhost:8000"
    assert values["IDENTITY_BIND"] == "127.0.0.1:8000"
    assert values["PORTAL_BASE_URL"] == "http://127.0.0.1:8080"
    assert values["CITY_WEBSITE_BASE_URL"] == "http://127.0.0.1:8090"
    assert values["INBOX_BIND"] == "127.0.0.1:8025"
    assert values["IDENTITY_SMTP_URL"] == "smtp://127.0.0.1:1025"
    assert values["PORTAL_BILLING_LINK_TARGET"] == "127.0.0.1:50051"
    assert values["PORTAL_CITY_SUPPORT_PHONE"] == "727-369-0690"
    assert values["IDENTITY_DATABASE_URL"] == f"sqlite:///{tmp_path}/identity.db"


def test_a_public_address_says_where_to_listen(tmp_path: Path) -> None:
    values = read(tmp_path, IDENTITY_ISSUER="http://localhost:9000/").values

    assert values["IDENTITY_BIND"] == "127.0.0.1:9000"
    assert values["PORTAL_ISSUER"] == values["BILLING_LINK_ISSUER"] == "http://localhost:9000"


def test_where_to_listen_says_the_public_address(tmp_path: Path) -> None:
    values = read(tmp_path, PORTAL_BIND="127.0.0.1:9080").values

    assert values["PORTAL_BASE_URL"] == "http://127.0.0.1:9080"
    assert values["CITY_WEBSITE_PORTAL_URL"] == "http://127.0.0.1:9080"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("# ports\nINBOX_BIND = 127.0.0.1:1\nPORTAL_CITY='elsewhere'\n")

    values = read(tmp_path, INBOX_BIND="127.0.0.1:2").values

    assert values["INBOX_BIND"] == "127.0.0.1:2"
    assert values["PORTAL_CITY"] == "elsewhere"


def test_each_service_is_given_its_own_settings_only(tmp_path: Path) -> None:
    own = read(tmp_path).of("PORTAL")

    assert own["PORTAL_CITY"] == "pinellas-park"
    assert all(name.startswith("PORTAL_") for name in own)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IDENTITY_ISSUER", "localhost:8000", "give an address such as"),
        ("IDENTITY_ISSUER", "http://localhost:port", "give an address such as"),
        ("IDENTITY_ISSUER", "http://127.0.0.1:8000", "cookies ignore ports"),
        ("PORTAL_BIND", "127.0.0.1", "give host:port"),
        ("PORTAL_BIND", "127.0.0.1:65536", "give host:port"),
        ("LOCAL_START_SECONDS", "soon", "give a number of seconds"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(LocalError) as refusal:
        read(tmp_path, **{name: value})

    assert name in str(refusal.value)
    assert value in str(refusal.value) or "127.0.0.1" in str(refusal.value)
    assert said in str(refusal.value)


def test_one_host_name_serves_both_below_paths_that_keep_their_cookies_apart(tmp_path: Path) -> None:
    paths = {"IDENTITY_ISSUER": "http://localhost:8000/id", "PORTAL_BASE_URL": "http://localhost:8080/pay/"}

    values = read(tmp_path, **paths).values

    assert values["PORTAL_ISSUER"] == values["BILLING_LINK_ISSUER"] == "http://localhost:8000/id"
    assert values["CITY_WEBSITE_ISSUER"] == "http://localhost:8000/id"
    assert values["CITY_WEBSITE_PORTAL_URL"] == "http://localhost:8080/pay"
    for portal in ("http://localhost:8080", "http://localhost:8080/id", "http://localhost:8080/id/pay"):
        with pytest.raises(LocalError, match="give each a path"):
            read(tmp_path, **paths | {"PORTAL_BASE_URL": portal})


@pytest.mark.parametrize("line", ["INBOX_BIND", "inbox_bind=1", "IDENTITYISSUER=http://localhost:1"])
def test_a_line_that_sets_nothing_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.env").write_text(f"\n{line}\n")

    with pytest.raises(LocalError, match=r"settings\.env, line 2"):
        read(tmp_path)


def test_secrets_are_made_once_and_never_reused(tmp_path: Path) -> None:
    first = secret_file.add_secrets(read(tmp_path)).values
    second = secret_file.add_secrets(read(tmp_path)).values

    made = [first[name] for name in secret_file.NAMES]
    assert made == [second[name] for name in secret_file.NAMES]
    assert len(set(made)) == len(made)
    assert all(len(secret) >= 32 for secret in made)
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_set_is_used(tmp_path: Path) -> None:
    values = secret_file.add_secrets(read(tmp_path, PORTAL_CLIENT_SECRET="chosen")).values

    assert values["PORTAL_CLIENT_SECRET"] == "chosen"
