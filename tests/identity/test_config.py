"""Settings: each fault names its variable and what to do, and no secret is ever shown."""

from pathlib import Path

import pytest
import wrong_settings as wrong
from certificates import write_self_signed
from identity.config import Settings, load_settings
from identity.errors import SettingsError
from identity.setting_types import unknown_variables, variables_of

KEYS = ["hidden-key-number-one-of-the-tests-1", "hidden-key-number-two-of-the-tests-2"]
GOOD = {
    "IDENTITY_ISSUER": "https://id.example.gov/",
    "IDENTITY_DATABASE_URL": "postgresql://identity:hidden@db/identity",
    "IDENTITY_SECRET_KEYS": f"{KEYS[0]}, {KEYS[1]}",
}
WRONG = {
    "IDENTITY_ISSUER": wrong.WEB_ADDRESSES,
    "IDENTITY_DATABASE_URL": wrong.DATABASES,
    "IDENTITY_SECRET_KEYS": wrong.SECRET_KEYS,
    "IDENTITY_BIND": wrong.BINDS,
    "IDENTITY_WEB_PROCESSES": wrong.PROCESSES,
    "IDENTITY_TRUSTED_PROXIES": wrong.PROXIES,
    "IDENTITY_CLIENT_CERTIFICATE_HEADER": ["Client Cert", "Client_Cert", "Client-Cert:", "é", "x" * 65],
    "IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES": wrong.FILES,
    "IDENTITY_CA_FILE": wrong.FILES,
    "IDENTITY_OUTBOUND_PROXY": [
        "proxy.example.gov:3128",
        "https://user:hidden@proxy.example.gov:3128",
        "http://user:hidden@proxy.example.gov",
        "http://:3128",
        "http://proxy.example.gov:3128/path",
    ],
    "IDENTITY_SMTP_URL": [
        "mail.example.gov",
        "mail.example.gov:25",
        "http://mail.example.gov",
        "smtp://",
        "smtp://:25",
        "smtp://mail.example.gov:0",
        "smtp://mail.example.gov:65536",
        "smtp://mail.example.gov:port",
        "smtp://mail example.gov",
        "smtp://mail.example.gov/path",
        "smtp://mail.example.gov?timeout=5",
        "smtp://mail.example.gov#x",
        "smtp://user@mail.example.gov",
        "smtp://user:hid#den@mail.example.gov",
    ],
    "IDENTITY_MAIL_SENDER": [
        "City of X",
        "no-reply",
        "no-reply@",
        "@example.gov",
        "a@example.gov, b@example.gov",
        "City of X, Florida <a@example.gov>",
        "A <a@example.gov>\r\nBcc: b@example.gov",
        "a b@example.gov",
        "a@@example.gov",
        "a@exa mple.gov",
        "a@-example.gov",
        "é@example.gov",
    ],
    "IDENTITY_PASSWORD_MIN_LENGTH": ["7", "129", "many"],
    "IDENTITY_PASSWORD_HASHING": ["md5", "ARGON2ID"],
    "IDENTITY_METRICS_BIND": ["9464", "worker", "127.0.0.1:0", "http://127.0.0.1:9464"],
    "IDENTITY_AUDIT_RETENTION_DAYS": ["29", "36501", "a year"],
    "IDENTITY_SIGN_INS_PER_MINUTE": ["0", "-1", "1000001", "many"],
    "IDENTITY_SIGN_UPS_PER_HOUR": ["0"],
    "IDENTITY_MAILS_PER_HOUR": ["0"],
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
    assert settings.secret_keys.get_secret_value() == KEYS
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
@pytest.mark.parametrize("value", [None, ""])
def test_a_setting_that_is_missing_or_empty_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    environment.delenv(name)
    if value is not None:
        environment.setenv(name, value)

    with pytest.raises(SettingsError, match=f"^{name}: is not set"):
        load_settings(Settings)


def test_every_setting_has_values_that_are_refused() -> None:
    assert set(WRONG) == variables_of(Settings)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_setting_that_cannot_be_right_is_named_without_its_value(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name}: .*\(expected: .+\)$") as fault:
        load_settings(Settings)
    assert "hidden" not in str(fault.value)


def test_a_proxy_is_shown_without_its_password(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IDENTITY_OUTBOUND_PROXY", "http://city:hidden@proxy.example.gov:3128/")

    assert "hidden" not in repr(load_settings(Settings))


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("form", wrong.ANY.values(), ids=wrong.ANY)
def test_what_a_shell_was_meant_to_take_away_is_refused(
    environment: pytest.MonkeyPatch, name: str, form: str
) -> None:
    environment.setenv(name, form.format("hidden", "hidden"))

    with pytest.raises(SettingsError, match=rf"^{name}: (is|has) ") as fault:
        load_settings(Settings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_WEB_ADDRESSES.items())
def test_an_issuer_may_be_below_a_path_and_on_this_machine(
    environment: pytest.MonkeyPatch, value: str, read: str
) -> None:
    environment.setenv("IDENTITY_ISSUER", value)
    assert load_settings(Settings).issuer == read


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_DATABASES.items())
def test_a_database_is_a_name_on_a_server_or_a_file(
    environment: pytest.MonkeyPatch, value: str, read: str
) -> None:
    environment.setenv("IDENTITY_DATABASE_URL", value)
    assert load_settings(Settings).database_url.get_secret_value() == read


@pytest.mark.parametrize("bind", wrong.GOOD_BINDS)
def test_it_listens_on_a_name_or_an_address(environment: pytest.MonkeyPatch, bind: str) -> None:
    environment.setenv("IDENTITY_BIND", bind)
    assert load_settings(Settings).bind == bind


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@id.example.gov",
        "City of X <no-reply@id.example.gov>",
        '"City of X, Florida" <no-reply@id.example.gov>',
        "Ciudad de Peñas <o'neil+id@localhost>",
    ],
)
def test_a_sender_is_one_address_with_or_without_a_name(environment: pytest.MonkeyPatch, sender: str) -> None:
    environment.setenv("IDENTITY_MAIL_SENDER", sender)
    assert load_settings(Settings).mail_sender == sender


@pytest.mark.parametrize(
    "url",
    [
        "smtp://127.0.0.1:1025",
        "smtp://[::1]:1025",
        "smtps://mail.example.gov/",
        "smtp+starttls://us%40er:pa%2Fss@mail.example.gov:587",
    ],
)
def test_a_mail_server_has_a_host_a_port_and_an_account(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("IDENTITY_SMTP_URL", url)
    assert load_settings(Settings).smtp_url.get_secret_value() == url


def test_client_certificates_need_a_proxy_and_its_header(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authorities, _ = write_self_signed(tmp_path, "authority.example")
    environment.setenv("IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES", str(authorities))
    with pytest.raises(SettingsError, match=r"^IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES: needs "):
        load_settings(Settings)
    environment.setenv("IDENTITY_CLIENT_CERTIFICATE_HEADER", "Client-Cert")
    with pytest.raises(SettingsError, match=r"^IDENTITY_CLIENT_CERTIFICATE_HEADER: needs IDENTITY_TRUSTED"):
        load_settings(Settings)
    environment.setenv("IDENTITY_TRUSTED_PROXIES", "1")
    assert load_settings(Settings).client_certificate_authorities == str(authorities)


def test_every_fault_has_its_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IDENTITY_ISSUER", "id.example.gov")
    environment.setenv("IDENTITY_BIND", "8000")
    environment.setenv("IDENTITY_MAIL_SENDER", "City of X")
    with pytest.raises(SettingsError) as fault:
        load_settings(Settings)
    names = [line.partition(":")[0] for line in str(fault.value).splitlines()]
    assert names == ["IDENTITY_ISSUER", "IDENTITY_BIND", "IDENTITY_MAIL_SENDER"]


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    names = ["IDENTITY_ISSUR", "IDENTITY_ISSUER", "IDENTITY_WHATEVER_ELSE", "PORTAL_ISSUR", "PATH"]
    assert unknown_variables("IDENTITY_", variables_of(Settings), names) == [
        "IDENTITY_ISSUR: no such setting, ignored (did you mean IDENTITY_ISSUER?)",
        "IDENTITY_WHATEVER_ELSE: no such setting, ignored",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_8000_TCP",
        "PORT_8000_TCP_ADDR",
        "NAME",
        "ENV_PATH",
    ],
)
def test_what_kubernetes_and_docker_set_for_a_service_of_our_name_is_not_told(name: str) -> None:
    assert unknown_variables("IDENTITY_", variables_of(Settings), [f"IDENTITY_{name}"]) == []
