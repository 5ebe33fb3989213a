"""Which providers are on, in which order, and what an operator is told of settings at fault."""

from pathlib import Path
from typing import Any

import pytest
from identity.clock import SystemClock
from identity.errors import SettingsError
from identity.identity_providers.load import known_variables, load_providers
from joserfc.jwk import ECKey, RSAKey
from simulated_providers import Visitor

GOOGLE = {"IDENTITY_GOOGLE_CLIENT_ID": "id", "IDENTITY_GOOGLE_CLIENT_SECRET": "secret"}
MICROSOFT = {"IDENTITY_MICROSOFT_CLIENT_ID": "id", "IDENTITY_MICROSOFT_CLIENT_SECRET": "secret"}
FACEBOOK = {"IDENTITY_FACEBOOK_CLIENT_ID": "id", "IDENTITY_FACEBOOK_CLIENT_SECRET": "secret"}
OTHER = {
    "IDENTITY_OPENID_STATE_ISSUER": "https://id.state.example",
    "IDENTITY_OPENID_STATE_CLIENT_ID": "id",
    "IDENTITY_OPENID_STATE_CLIENT_SECRET": "secret",
}


@pytest.fixture(scope="module")
def apple(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return Apple's settings with the key in a file."""
    path = tmp_path_factory.mktemp("apple") / "AuthKey_ABC123DEFG.p8"
    path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return {
        "IDENTITY_APPLE_CLIENT_ID": "gov.example.signin",
        "IDENTITY_APPLE_TEAM_ID": "TEAMID1234",
        "IDENTITY_APPLE_KEY_ID": "ABC123DEFG",
        "IDENTITY_APPLE_KEY_FILE": str(path),
    }


def loaded(environ: dict[str, str]) -> list[str]:
    return list(load_providers(environ, SystemClock()))


def fault(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(environ)
    return str(caught.value)


def test_without_credentials_there_is_no_provider() -> None:
    assert loaded({"PATH": "/usr/bin", "IDENTITY_ISSUER": "https://id.example.gov"}) == []


def test_the_buttons_stand_in_the_guides_order(apple: dict[str, str]) -> None:
    environ = {**OTHER, **FACEBOOK, **MICROSOFT, **apple, **GOOGLE}
    assert loaded(environ) == ["google", "apple", "microsoft", "facebook", "state"]


def test_the_buttons_have_the_guides_words(apple: dict[str, str]) -> None:
    providers = load_providers({**FACEBOOK, **MICROSOFT, **apple, **GOOGLE}, SystemClock())
    assert [provider.brand.label for provider in providers.values()] == [
        "Sign in with Google",
        "Sign in with Apple",
        "Sign in with Microsoft",
        "Sign in with Facebook",
    ]


def test_the_real_addresses_are_the_documented_ones(apple: dict[str, str], visitor: Visitor) -> None:
    visitor.providers = load_providers({**FACEBOOK, **apple}, SystemClock())
    assert visitor.leave("apple")[0].startswith("https://appleid.apple.com/auth/authorize?")
    assert visitor.leave("facebook")[0].startswith("https://www.facebook.com/v25.0/dialog/oauth?")


@pytest.mark.parametrize("missing", [*GOOGLE, *MICROSOFT, *FACEBOOK])
def test_half_set_credentials_are_a_fault_that_names_what_is_missing(missing: str) -> None:
    environ = {**GOOGLE, **MICROSOFT, **FACEBOOK}
    del environ[missing]
    text = fault(environ)
    assert f"{missing}: is not set" in text
    assert "secret" not in text.lower().replace(missing.lower(), "")


@pytest.mark.parametrize("missing", ["CLIENT_ID", "TEAM_ID", "KEY_ID", "KEY_FILE"])
def test_apples_half_set_credentials_name_what_is_missing(missing: str, apple: dict[str, str]) -> None:
    environ = {name: value for name, value in apple.items() if name != f"IDENTITY_APPLE_{missing}"}
    assert f"IDENTITY_APPLE_{missing.removesuffix('_FILE')}: is not set" in fault(environ)


def test_the_faults_of_all_providers_are_named_at_once() -> None:
    environ = {
        "IDENTITY_GOOGLE_CLIENT_ID": "id",
        **MICROSOFT,
        "IDENTITY_MICROSOFT_TENANT": "contoso",
        "IDENTITY_OPENID_STATE_ISSUER": "https://id.state.example",
    }
    text = fault(environ)
    named = ("GOOGLE_CLIENT_SECRET", "MICROSOFT_TENANT", "OPENID_STATE_CLIENT_ID")
    assert [name for name in named if f"IDENTITY_{name}: " in text] == list(named)


def test_the_variables_of_providers_are_known() -> None:
    assert {"IDENTITY_GOOGLE_CLIENT_ID", "IDENTITY_APPLE_KEY_FILE"} <= known_variables()


def test_empty_variables_are_not_set() -> None:
    assert loaded({"IDENTITY_GOOGLE_CLIENT_ID": "", "IDENTITY_GOOGLE_CLIENT_SECRET": " "}) == []


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("secret\n")
    environ = {"IDENTITY_GOOGLE_CLIENT_ID": "id", "IDENTITY_GOOGLE_CLIENT_SECRET_FILE": str(path)}
    google: Any = load_providers(environ, SystemClock())["google"]
    read = google._settings.client_secret  # noqa: SLF001 - a provider does not publish its secret
    assert read.get_secret_value() == "secret"


def test_a_secret_both_ways_is_a_fault(tmp_path: Path) -> None:
    text = fault({**GOOGLE, "IDENTITY_GOOGLE_CLIENT_SECRET_FILE": str(tmp_path / "x")})
    assert "IDENTITY_GOOGLE_CLIENT_SECRET_FILE" in text
    assert "both set" in text


def test_an_unreadable_or_empty_file_is_a_fault(tmp_path: Path) -> None:
    environ = {
        "IDENTITY_GOOGLE_CLIENT_ID": "id",
        "IDENTITY_GOOGLE_CLIENT_SECRET_FILE": str(tmp_path / "none"),
    }
    assert "cannot read" in fault(environ)
    (tmp_path / "none").touch()
    assert "empty" in fault(environ)


@pytest.mark.parametrize(
    "content", ["no key", "", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_file_that_is_not_apples_key_is_a_fault(
    content: str, apple: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "key.p8"
    path.write_text(content)
    assert "IDENTITY_APPLE_KEY" in fault({**apple, "IDENTITY_APPLE_KEY_FILE": str(path)})


def test_a_key_of_another_kind_is_a_fault(apple: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for wrong in (
        RSAKey.generate_key(2048).as_pem(private=True),
        ECKey.generate_key("P-384").as_pem(private=True),
        ECKey.generate_key("P-256").as_pem(private=False),
    ):
        path.write_bytes(wrong)
        assert "IDENTITY_APPLE_KEY" in fault({**apple, "IDENTITY_APPLE_KEY_FILE": str(path)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_GOOGLE_ISSUER", "http://accounts.google.com"),
        ("IDENTITY_GOOGLE_ISSUER", "accounts.google.com"),
        ("IDENTITY_MICROSOFT_AUTHORITY", "http://login.example"),
        ("IDENTITY_MICROSOFT_TENANT", "contoso"),
        ("IDENTITY_FACEBOOK_GRAPH", "ftp://graph.example"),
        ("IDENTITY_FACEBOOK_GRAPH", "https://[broken"),
        ("IDENTITY_FACEBOOK_GRAPH_VERSION", "latest"),
        ("IDENTITY_GOOGLE_ISSUER", "https://user@accounts.google.com"),
        ("IDENTITY_GOOGLE_ISSUER", "https://accounts.google.com#x"),
        ("IDENTITY_GOOGLE_ISSUER", "https://accounts.google.com?x=1"),
        ("IDENTITY_GOOGLE_ISSUER", "https://accounts.google.com:0"),
        ("IDENTITY_GOOGLE_ISSUER", "https://accounts.google.com:port"),
        ("IDENTITY_GOOGLE_ISSUER", "https://accounts .google.com"),
        ("IDENTITY_GOOGLE_ISSUER", '"https://accounts.google.com"'),
        ("IDENTITY_GOOGLE_CLIENT_SECRET", "${GOOGLE_SECRET}"),
        ("IDENTITY_MICROSOFT_CLIENT_ID", "'id'"),
        ("IDENTITY_FACEBOOK_CLIENT_SECRET", "se\ncret"),
    ],
)
def test_a_wrong_address_or_choice_is_a_fault_that_names_it(name: str, value: str) -> None:
    assert name in fault({**GOOGLE, **MICROSOFT, **FACEBOOK, name: value})


class TestOtherProviders:
    """Those that are added by configuration."""

    def test_a_secret_or_a_key_is_enough(self) -> None:
        assert loaded(OTHER) == ["state"]
        with_key = {
            **OTHER,
            "IDENTITY_OPENID_STATE_PRIVATE_KEY": RSAKey.generate_key(2048).as_pem(private=True).decode(),
        }
        del with_key["IDENTITY_OPENID_STATE_CLIENT_SECRET"]
        assert loaded(with_key) == ["state"]

    @pytest.mark.parametrize("missing", ["ISSUER", "CLIENT_ID", "CLIENT_SECRET"])
    def test_half_set_credentials_name_what_is_missing(self, missing: str) -> None:
        environ = {name: value for name, value in OTHER.items() if not name.endswith(missing)}
        assert f"IDENTITY_OPENID_STATE_{missing}" in fault(environ)

    def test_secret_and_key_together_are_a_fault(self) -> None:
        key = ECKey.generate_key("P-256").as_pem(private=True).decode()
        assert "exactly one" in fault({**OTHER, "IDENTITY_OPENID_STATE_PRIVATE_KEY": key})

    def test_a_misspelt_variable_is_a_fault(self) -> None:
        assert "IDENTITY_OPENID_STATE_ISUER" in fault({**OTHER, "IDENTITY_OPENID_STATE_ISUER": "x"})
        assert "IDENTITY_OPENID_MY_STATE_ISSUER" in fault({"IDENTITY_OPENID_MY_STATE_ISSUER": "x"})

    def test_the_name_of_another_method_is_taken(self) -> None:
        taken = {name.replace("_STATE_", "_PASSWORD_"): value for name, value in OTHER.items()}
        assert "taken" in fault(taken)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("TRUST_EMAIL", "yes"), ("SCOPE", "email"), ("ISSUER", "http://id.state.example")],
    )
    def test_a_wrong_value_is_a_fault_that_names_it(self, name: str, value: str) -> None:
        assert f"IDENTITY_OPENID_STATE_{name}" in fault({**OTHER, f"IDENTITY_OPENID_STATE_{name}": value})

    def test_a_key_that_cannot_be_read_is_a_fault(self) -> None:
        environ = {**OTHER, "IDENTITY_OPENID_STATE_PRIVATE_KEY": "no key"}
        del environ["IDENTITY_OPENID_STATE_CLIENT_SECRET"]
        assert "IDENTITY_OPENID_STATE_PRIVATE_KEY" in fault(environ)
