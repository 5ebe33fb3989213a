"""Settings: each fault names its variable and what to do, and no secret is ever shown."""

import pytest
from identity.config import Settings, load_settings
from identity.errors import SettingsError

GOOD = {
    "IDENTITY_ISSUER": "https://id.example.gov/",
    "IDENTITY_DATABASE_URL": "postgresql://identity:hidden@db/identity",
    "IDENTITY_SECRET_KEYS": f"{'hidden-1' * 4}, {'hidden-2' * 4}",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_settings_that_must_be_given_are_few() -> None:
    settings = load_settings(Settings)

    assert settings.issuer == "https://id.example.gov"
    assert settings.secret_keys.get_secret_value() == ["hidden-1" * 4, "hidden-2" * 4]
    # The driver that is installed.
    assert settings.database_url.get_secret_value() == "postgresql+psycopg://identity:hidden@db/identity"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("https://id.example.gov", ""),
        ("https://id.example.gov/", ""),
        ("https://www.example.gov/id/", "/id"),
        ("http://localhost:8000/city/id-2.1_~x", "/city/id-2.1_~x"),
    ],
)
def test_the_path_of_the_issuer_is_where_the_service_is(
    environment: pytest.MonkeyPatch, given: str, path: str
) -> None:
    environment.setenv("IDENTITY_ISSUER", given)

    settings = load_settings(Settings)

    assert settings.path == path
    assert settings.issuer == given.rstrip("/")


def test_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IDENTITY_SMTP_URL", "smtps://identity:hidden@mail.example.gov")
    settings = load_settings(Settings)

    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings.model_dump())


@pytest.mark.parametrize("name", GOOD)
def test_a_setting_that_is_missing_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=f"^{name}: is not set"):
        load_settings(Settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_ISSUER", "id.example.gov"),
        ("IDENTITY_ISSUER", "https://id.example.gov/?city=hidden"),
        ("IDENTITY_ISSUER", "https://id.example.gov/id#hidden"),
        ("IDENTITY_ISSUER", "https://www.example.gov/hidden//id"),
        ("IDENTITY_ISSUER", "https://www.example.gov/hidden/../id"),
        ("IDENTITY_ISSUER", "https://www.example.gov/.well-known"),
        ("IDENTITY_ISSUER", "https://www.example.gov/hidden%20place"),
        ("IDENTITY_ISSUER", "https://www.example.gov/a b"),
        ("IDENTITY_ISSUER", "https://www.example.gov/id;hidden"),
        ("IDENTITY_DATABASE_URL", "mysql://identity:hidden@db/identity"),
        ("IDENTITY_SECRET_KEYS", "hidden"),
        ("IDENTITY_SECRET_KEYS", ","),
        ("IDENTITY_WEB_PROCESSES", "0"),
        ("IDENTITY_PASSWORD_HASHING", "md5"),
    ],
)
def test_a_setting_that_is_wrong_is_named_without_its_value(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name}: .*\(expected: .+\)$") as fault:
        load_settings(Settings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize(
    "value",
    ["proxy.example.gov:3128", "https://proxy.example.gov:3128", "http://proxy.example.gov", "http://:3128"],
)
def test_a_wrong_proxy_is_named_without_its_password(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("IDENTITY_OUTBOUND_PROXY", value.replace("//", "//city:hidden@"))

    with pytest.raises(SettingsError, match=r"^IDENTITY_OUTBOUND_PROXY: give http://, a host and a port"):
        load_settings(Settings)


def test_a_proxy_is_shown_without_its_password(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IDENTITY_OUTBOUND_PROXY", "http://city:hidden@proxy.example.gov:3128/")

    assert "hidden" not in repr(load_settings(Settings))
