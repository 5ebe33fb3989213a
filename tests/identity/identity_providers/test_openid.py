"""A provider that is known by its configuration only, with a simulated one of login.gov's kind."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from identity.clock import FixedClock
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import ProviderRefusal, Refusal
from joserfc import jwt
from simulated_providers import Behaviours, Providers, Refused, SignIn, Simulated, Visitor

from deploy.local.providers.google import CLIENT_ID, CLIENT_SECRET

NAME = "IDENTITY_OPENID_LOGINGOV_"


@pytest.fixture
def configured(simulated: Simulated, clock: FixedClock, visitor: Visitor) -> Callable[..., Visitor]:
    """Return a function that gives the visitor providers with other settings."""

    def configure(**settings: str) -> Visitor:
        changes = {NAME + name: value for name, value in settings.items()}
        visitor.providers = load_providers({**simulated.environment(), **changes}, clock)
        return visitor

    return configure


def test_claims_come_from_userinfo_where_the_id_token_has_none(sign_in: SignIn, simulated: Simulated) -> None:
    louise = sign_in("logingov", "louise")
    assert (louise.issuer, louise.subject) == (
        f"{simulated.base_url}/openid/",
        "b2d2d115-1d7e-4579-b9d6-f8e84f4f56ca",
    )
    assert (louise.email, louise.email_verified, louise.locale) == ("louise@example.gov", True, "es")


def test_userinfo_is_not_asked_where_the_id_token_has_the_address(
    sign_in: SignIn, behaviours: Behaviours
) -> None:
    behaviours["logingov"].claims = {"email": "louise@example.gov", "email_verified": False}
    assert sign_in("logingov", "louise").email_verified is False
    assert behaviours["logingov"].calls["person"] == 0


@pytest.mark.parametrize("subject", ["another", None, ["b2d2d115-1d7e-4579-b9d6-f8e84f4f56ca"]])
def test_userinfo_of_another_person_is_refused(
    subject: object, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours["logingov"].person = {"sub": subject}
    assert refusal("logingov", "louise") is Refusal.INVALID_ANSWER


def test_an_address_counts_only_if_the_operator_says_so(configured: Callable[..., Visitor]) -> None:
    assert configured(TRUST_EMAIL="true").sign_in("logingov", "louise").email_verified is True
    assert configured(TRUST_EMAIL="false").sign_in("logingov", "louise").email_verified is False


@pytest.mark.parametrize("value", [False, "true", None, 1])
def test_a_trusted_provider_must_still_say_verified(
    value: object, sign_in: SignIn, behaviours: Behaviours
) -> None:
    behaviours["logingov"].person = {"email_verified": value}
    assert sign_in("logingov", "louise").email_verified is False


def test_the_assurance_is_asked_for(visitor: Visitor) -> None:
    query = parse_qs(urlsplit(visitor.leave("logingov", language="es")[0]).query)
    assert query["acr_values"] == ["urn:acr.login.gov:auth-only"]
    assert query["ui_locales"] == ["es"]


def test_less_assurance_than_demanded_is_refused(configured: Callable[..., Visitor]) -> None:
    strict = configured(
        ACCEPTED_ACR="urn:acr.login.gov:verified urn:acr.login.gov:verified-facial-match-required"
    )
    assert strict.refusal("logingov", "louise") is Refusal.INVALID_ANSWER
    lenient = configured(ACCEPTED_ACR="urn:acr.login.gov:verified urn:acr.login.gov:auth-only")
    assert lenient.sign_in("logingov", "louise").subject


def test_the_client_proves_itself_with_a_fresh_signed_assertion(
    sign_in: SignIn, behaviours: Behaviours, simulated: Simulated
) -> None:
    """The simulated provider takes each `jti` once, as login.gov does."""
    sign_in("logingov", "louise")
    sign_in("logingov", "louise")
    form = behaviours["logingov"].forms["token"]
    key = simulated.providers.client_key
    claims = jwt.decode(form["client_assertion"], key, algorithms=["ES256"]).claims
    assert claims["iss"] == claims["sub"] == form["client_id"]
    assert claims["aud"] == f"{simulated.base_url}/openid/api/openid_connect/token"
    assert claims["exp"] - claims["iat"] == 60
    assert "client_secret" not in form


@pytest.mark.parametrize(
    ("offered", "in_the_body"),
    [(["client_secret_post", "client_secret_basic"], True), (["client_secret_basic"], False), (None, False)],
)
def test_a_secret_is_sent_as_the_provider_offers(
    offered: list[str] | None,
    in_the_body: bool,  # noqa: FBT001 - a case
    simulated: Simulated,
    clock: FixedClock,
    visitor: Visitor,
    behaviours: Behaviours,
) -> None:
    """The simulated Google, taken for a provider that is known by its configuration."""
    behaviours["google"].discovery = {"token_endpoint_auth_methods_supported": offered}
    environ = {
        "IDENTITY_OPENID_OTHER_ISSUER": f"{simulated.base_url}/google",
        "IDENTITY_OPENID_OTHER_CLIENT_ID": CLIENT_ID,
        "IDENTITY_OPENID_OTHER_CLIENT_SECRET": CLIENT_SECRET,
    }
    visitor.providers = load_providers(environ, clock)
    assert visitor.sign_in("other", "grace").email == "grace.morales@gmail.com"
    assert ("client_secret" in behaviours["google"].forms["token"]) is in_the_body


def test_an_issuers_final_slash_is_part_of_it(
    configured: Callable[..., Visitor], simulated: Simulated
) -> None:
    """As login.gov's is; metadata that names it without is of another."""
    with pytest.raises(ProviderRefusal, match="another issuer"):
        configured(ISSUER=f"{simulated.base_url}/openid").leave("logingov")


def test_its_button_has_the_operators_label(providers: Providers) -> None:
    assert providers["logingov"].brand.label == "Sign in with Login.gov"
