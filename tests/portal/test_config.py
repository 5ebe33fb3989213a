"""Settings: each fault names its variable and what to do."""

import pytest
from portal.config import Settings, load_settings
from portal.errors import SettingsError

GOOD = {
    "PORTAL_BASE_URL": "http://127.0.0.1:8080",
    "PORTAL_DATABASE_URL": "sqlite:///portal.db",
    "PORTAL_SECRET_KEYS": f"{'a' * 32}, {'b' * 32}",
    "PORTAL_ISSUER": "http://localhost:8000/",
    "PORTAL_CLIENT_ID": "citizen-self-service",
    "PORTAL_CLIENT_SECRET": "secret",
    "PORTAL_CITY": "pinellas-park",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_example_settings_are_enough(environment) -> None:
    settings = load_settings(Settings)

    assert settings.secret_keys.get_secret_value() == ["a" * 32, "b" * 32]
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
def test_a_setting_that_is_missing_is_named(environment, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=f"{name}: is not set"):
        load_settings(Settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_BASE_URL", "pay.example.gov"),
        ("PORTAL_BASE_URL", "https://pay.example.gov/?city=x"),
        ("PORTAL_BASE_URL", "https://www.example.gov/city pay"),
        ("PORTAL_ISSUER", "https://www.example.gov/../id"),
        ("PORTAL_ISSUER", "https://www.example.gov/id#x"),
        ("PORTAL_SECRET_KEYS", "short"),
        ("PORTAL_SECRET_KEYS", ","),
        ("PORTAL_CITY", "City of Pinellas Park"),
        ("PORTAL_WEB_PROCESSES", "0"),
        ("PORTAL_TIME_ZONE", "Florida"),
        ("PORTAL_CITY_SUPPORT_PHONE", "call us"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_what_it_should_be(environment, name: str, value: str) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name}: .*\(expected: .+\)$"):
        load_settings(Settings)
