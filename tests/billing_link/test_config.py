import pytest
from billing_link.config import DatabaseSettings, ServerSettings, load_settings
from billing_link.errors import SettingsError

GOOD = {
    "DATABASE_URL": "sqlite:////tmp/unused.db",
    "ISSUER": "https://id.example.gov/",
    "RESOURCE_SECRET": "secret",
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://id.example.gov"),
        ("ISSUER", "id.example.gov"),
        ("ISSUER", "https://"),
        ("ISSUER", "https://www.example.gov/id?x"),
        ("ISSUER", "https://www.example.gov//id"),
        ("BIND", "50051"),
        ("BIND", "127.0.0.1:99999"),
        ("BIND", "127.0.0.1:http"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("REFLECTION", "perhaps"),
        ("THREADS", "0"),
    ],
)
def test_a_wrong_setting_is_named(environment, name, value):
    environment(**{name: value})
    with pytest.raises(SettingsError, match=f"^BILLING_LINK_{name}: .*expected:"):
        load_settings(ServerSettings)


@pytest.mark.parametrize(
    "issuer", ["http://localhost:8000", "http://127.0.0.1:8000/id", "http://id.localhost:8000"]
)
def test_plain_http_is_for_this_machine_only(environment, issuer):
    environment(ISSUER=issuer)
    assert load_settings(ServerSettings).issuer == issuer


def test_postgresql_means_the_driver_that_is_installed(environment):
    environment(DATABASE_URL="postgresql://user@host/name")
    assert (
        load_settings(DatabaseSettings).database_url.get_secret_value()
        == "postgresql+psycopg://user@host/name"
    )
