"""Settings: each fault names its variable and what to do."""

import pytest
import wrong_settings as wrong
from portal.config import Settings, load_settings
from portal.errors import SettingsError
from portal.setting_types import unknown_variables, variables_of

KEYS = ["hidden-key-number-one-of-the-tests-1", "hidden-key-number-two-of-the-tests-2"]
GOOD = {
    "PORTAL_BASE_URL": "http://127.0.0.1:8080",
    "PORTAL_DATABASE_URL": "sqlite:////tmp/portal.db",
    "PORTAL_SECRET_KEYS": ", ".join(KEYS),
    "PORTAL_ISSUER": "http://localhost:8000/",
    "PORTAL_CLIENT_ID": "citizen-self-service",
    "PORTAL_CLIENT_SECRET": "secret",
    "PORTAL_CITY": "pinellas-park",
}
WRONG = {
    "PORTAL_BASE_URL": [*wrong.WEB_ADDRESSES, "pay.example.gov"],
    "PORTAL_ISSUER": wrong.WEB_ADDRESSES,
    "PORTAL_BIND": wrong.BINDS,
    "PORTAL_DATABASE_URL": wrong.DATABASES,
    "PORTAL_SECRET_KEYS": wrong.SECRET_KEYS,
    "PORTAL_WEB_PROCESSES": wrong.PROCESSES,
    "PORTAL_TRUSTED_PROXIES": wrong.PROXIES,
    "PORTAL_CLIENT_ID": ["citizen self service", "é", "x" * 256],
    "PORTAL_CLIENT_SECRET": [" ", "\n"],
    "PORTAL_CITY": ["City of Pinellas Park", "Pinellas-Park", "pinellas_park", "x" * 65],
    "PORTAL_CITY_NAME": ["x" * 101],
    "PORTAL_CITY_SUPPORT_PHONE": ["call us"],
    "PORTAL_CITY_SUPPORT_NAME": ["x" * 101],
    "PORTAL_TIME_ZONE": ["Florida", "EST5", "America/New York", "/etc/localtime"],
    "PORTAL_BILLING_LINK_TARGET": [each for each in wrong.BINDS if not each.startswith("unix:")],
    "PORTAL_BILLING_LINK_AUDIENCE": wrong.AUDIENCES,
    "PORTAL_BILLING_LINK_TLS": ["perhaps", "2"],
    "PORTAL_BILLING_LINK_TLS_CA": wrong.FILES,
    "PORTAL_CA_FILE": wrong.FILES,
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_example_settings_are_enough(environment) -> None:
    settings = load_settings(Settings)

    assert settings.secret_keys.get_secret_value() == KEYS
    assert settings.issuer == "http://localhost:8000"
    assert settings.redirect_uri == "http://127.0.0.1:8080/sign-in/callback"
    assert settings.billing_link_target == "127.0.0.1:50051"


def test_an_address_below_a_path_has_the_others_below_it(environment) -> None:
    environment.setenv("PORTAL_BASE_URL", "https://www.example.gov/pay/")

    settings = load_settings(Settings)

    assert settings.path == "/pay"
    assert settings.redirect_uri == "https://www.example.gov/pay/sign-in/callback"
    assert settings.post_logout_redirect_uri == "https://www.example.gov/pay/"


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, ""])
def test_a_setting_that_is_missing_or_empty_is_named(environment, name: str, value: str | None) -> None:
    environment.delenv(name)
    if value is not None:
        environment.setenv(name, value)

    with pytest.raises(SettingsError, match=f"{name}: is not set"):
        load_settings(Settings)


def test_every_setting_has_values_that_are_refused() -> None:
    assert set(WRONG) == variables_of(Settings)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_setting_that_cannot_be_right_is_named_with_what_it_should_be(
    environment, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name}: .*\(expected: .+\)$") as fault:
        load_settings(Settings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("form", wrong.ANY.values(), ids=wrong.ANY)
def test_what_a_shell_was_meant_to_take_away_is_refused(environment, name: str, form: str) -> None:
    environment.setenv(name, form.format("hidden", "hidden"))

    with pytest.raises(SettingsError, match=rf"^{name}: (is|has) ") as fault:
        load_settings(Settings)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_WEB_ADDRESSES.items())
def test_an_address_may_be_below_a_path_and_on_this_machine(environment, value: str, read: str) -> None:
    environment.setenv("PORTAL_BASE_URL", value)
    environment.setenv("PORTAL_ISSUER", "https://another.example.gov")
    assert load_settings(Settings).base_url == read


@pytest.mark.parametrize(("value", "read"), wrong.GOOD_DATABASES.items())
def test_a_database_is_a_name_on_a_server_or_a_file(environment, value: str, read: str) -> None:
    environment.setenv("PORTAL_DATABASE_URL", value)
    assert load_settings(Settings).database_url.get_secret_value() == read


@pytest.mark.parametrize("target", [*wrong.GOOD_BINDS, "dns:///billing.internal:50051"])
def test_billing_link_has_a_host_and_a_port(environment, target: str) -> None:
    environment.setenv("PORTAL_BILLING_LINK_TARGET", target)
    assert load_settings(Settings).billing_link_target == target


def test_portal_and_identity_have_an_address_each(environment) -> None:
    environment.setenv("PORTAL_ISSUER", GOOD["PORTAL_BASE_URL"])
    with pytest.raises(SettingsError, match=r"^PORTAL_BASE_URL: is PORTAL_ISSUER too"):
        load_settings(Settings)


def test_a_client_secret_from_a_file_loses_its_line_end(environment) -> None:
    environment.setenv("PORTAL_CLIENT_SECRET", "secret\n")
    assert load_settings(Settings).client_secret.get_secret_value() == "secret"


def test_every_fault_has_its_line(environment) -> None:
    environment.setenv("PORTAL_BASE_URL", "pay.example.gov")
    environment.setenv("PORTAL_BIND", "8080")
    environment.delenv("PORTAL_CITY")
    with pytest.raises(SettingsError) as fault:
        load_settings(Settings)
    names = [line.partition(":")[0] for line in str(fault.value).splitlines()]
    assert names == ["PORTAL_BASE_URL", "PORTAL_BIND", "PORTAL_CITY"]


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    assert unknown_variables("PORTAL_", variables_of(Settings), ["PORTAL_ISSUR", "PORTAL_CITY"]) == [
        "PORTAL_ISSUR: no such setting, ignored (did you mean PORTAL_ISSUER?)"
    ]
