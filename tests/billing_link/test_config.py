import pytest
import wrong_settings as wrong
from billing_link.config import BindSettings, DatabaseSettings, ServerSettings, load_settings
from billing_link.errors import SettingsError
from billing_link.setting_types import unknown_variables, variables_of
from certificates import write_self_signed
from cryptography.hazmat.primitives import serialization

GOOD = {
    "DATABASE_URL": "sqlite:////tmp/unused.db",
    "ISSUER": "https://id.example.gov/",
    "RESOURCE_SECRET": "secret",
}
WRONG = {
    "ISSUER": wrong.WEB_ADDRESSES,
    "BIND": wrong.BINDS,
    "DATABASE_URL": wrong.DATABASES,
    "AUDIENCE": wrong.AUDIENCES,
    "CA_FILE": wrong.FILES,
    "RESOURCE_SECRET": [" ", "\n"],
    "AUDIT_RETENTION_DAYS": ["29", "36501", "a year"],
    "TLS_CERTIFICATE": wrong.FILES,
    "TLS_KEY": wrong.FILES,
    "REFLECTION": ["perhaps", "2"],
    "THREADS": ["0", "1", "129", "many"],
}


@pytest.fixture
def environment(monkeypatch):
    """Return a function that sets the service's variables."""

    def set_all(**changes: str):
        for name, value in (GOOD | changes).items():
            monkeypatch.setenv(f"BILLING_LINK_{name}", value)

    return set_all


def test_the_settings_that_must_be_given_are_few(environment):
    environment()
    settings = load_settings(ServerSettings)
    assert (settings.bind, settings.reflection, settings.tls_certificate) == ("127.0.0.1:50051", False, "")
    assert settings.audience == "urn:community-access:billing-link"
    assert settings.issuer == "https://id.example.gov"
    assert "secret" not in repr(settings.resource_secret)


@pytest.mark.parametrize("name", GOOD)
def test_a_setting_that_is_empty_is_not_set(environment, name):
    environment(**{name: ""})
    with pytest.raises(SettingsError, match=f"^BILLING_LINK_{name}: is not set"):
        load_settings(ServerSettings)


def test_every_setting_has_values_that_are_refused():
    assert {f"BILLING_LINK_{name}" for name in WRONG} == variables_of(ServerSettings)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_setting_that_cannot_be_right_is_named_without_its_value(environment, name, value):
    environment(**{name: value})
    with pytest.raises(SettingsError, match=rf"^BILLING_LINK_{name}: .*\(expected: .+\)$") as fault:
        load_settings(ServerSettings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("form", wrong.ANY.values(), ids=wrong.ANY)
def test_what_a_shell_was_meant_to_take_away_is_refused(environment, name, form):
    environment(**{name: form.format("hidden", "hidden")})
    with pytest.raises(SettingsError, match=rf"^BILLING_LINK_{name}: (is|has) ") as fault:
        load_settings(ServerSettings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_WEB_ADDRESSES.items())
def test_an_issuer_may_be_below_a_path_and_on_this_machine(environment, value, read):
    environment(ISSUER=value)
    assert load_settings(ServerSettings).issuer == read


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_DATABASES.items())
def test_a_database_is_a_name_on_a_server_or_a_file(environment, value, read):
    environment(DATABASE_URL=value)
    assert load_settings(DatabaseSettings).database_url.get_secret_value() == read


@pytest.mark.parametrize("bind", wrong.GOOD_BINDS)
def test_it_listens_on_a_name_or_an_address(environment, bind):
    environment(BIND=bind)
    assert load_settings(BindSettings).bind == bind


@pytest.mark.parametrize("name", ["TLS_CERTIFICATE", "TLS_KEY"])
def test_certificate_and_key_are_given_together(environment, tmp_path, name):
    certificate, key = write_self_signed(tmp_path, "localhost")
    environment(**{name: str(certificate if name == "TLS_CERTIFICATE" else key)})
    with pytest.raises(SettingsError, match=r"^BILLING_LINK_TLS_CERTIFICATE and BILLING_LINK_TLS_KEY"):
        load_settings(BindSettings)


def test_the_key_is_that_of_the_certificate(environment, tmp_path):
    certificate, key = write_self_signed(tmp_path, "localhost")
    _, another = write_self_signed(tmp_path, "elsewhere")
    environment(TLS_CERTIFICATE=str(certificate), TLS_KEY=str(another))
    with pytest.raises(SettingsError, match=r"^BILLING_LINK_TLS_KEY: does not fit BILLING_LINK_TLS_"):
        load_settings(ServerSettings)
    environment(TLS_KEY=str(key))
    assert load_settings(ServerSettings).tls_key == str(key)


def test_a_key_with_a_passphrase_is_refused_and_asks_for_none(environment, tmp_path):
    certificate, key = write_self_signed(tmp_path, "localhost")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
    key.write_bytes(loaded.private_bytes(*pem, locked))
    environment(TLS_CERTIFICATE=str(certificate), TLS_KEY=str(key))
    with pytest.raises(SettingsError, match=r"^BILLING_LINK_TLS_KEY: .* has a passphrase"):
        load_settings(ServerSettings)


def test_a_health_check_needs_no_access_to_the_key(environment, tmp_path):
    certificate, _ = write_self_signed(tmp_path, "localhost")
    environment(TLS_CERTIFICATE=str(certificate), TLS_KEY="/not/for/us.key")
    assert load_settings(BindSettings).tls_certificate == str(certificate)


@pytest.mark.parametrize("content", ["-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_broken_certificate_is_named(environment, tmp_path, content):
    file = tmp_path / "broken.pem"
    file.write_text(content)
    environment(TLS_CERTIFICATE=str(file), TLS_KEY=str(file))
    with pytest.raises(SettingsError, match="BILLING_LINK_TLS_CERTIFICATE: names a file whose certificates"):
        load_settings(ServerSettings)


def test_every_fault_has_its_line(environment):
    environment(ISSUER="id.example.gov", BIND="50051", THREADS="0")
    with pytest.raises(SettingsError) as fault:
        load_settings(ServerSettings)
    names = {line.partition(":")[0] for line in str(fault.value).splitlines()}
    assert names == {"BILLING_LINK_ISSUER", "BILLING_LINK_BIND", "BILLING_LINK_THREADS"}


def test_a_misspelt_variable_is_told_with_the_nearest_name():
    names = ["BILLING_LINK_TREADS", "BILLING_LINK_THREADS"]
    assert unknown_variables("BILLING_LINK_", variables_of(ServerSettings), names) == [
        "BILLING_LINK_TREADS: no such setting, ignored (did you mean BILLING_LINK_THREADS?)"
    ]
