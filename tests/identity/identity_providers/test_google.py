"""Sign in with Google: what is its own."""

from urllib.parse import parse_qs, urlsplit

import pytest
from identity.clock import SystemClock
from identity.identity_providers.google import Google, GoogleSettings
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.provider import Refusal
from identity.identity_providers.signed_tokens import SignedClaims
from simulated_providers import Behaviours, Refused, SignIn, Visitor


def test_a_verified_address_counts(sign_in: SignIn) -> None:
    grace = sign_in("google", "grace")
    assert (grace.email, grace.email_verified) == ("grace.morales@gmail.com", True)
    assert (grace.given_name, grace.family_name, grace.locale) == ("Grace", "Morales", "en")
    assert grace.subject == "110169484474386276334"
    assert not grace.is_private_email


def test_an_unverified_address_does_not_count(sign_in: SignIn) -> None:
    ursula = sign_in("google", "ursula")
    assert (ursula.email, ursula.email_verified) == ("ursula@example.org", False)


@pytest.mark.parametrize("value", ["true", 1, "1", None, [True]])
def test_only_the_boolean_true_verifies(value: object, sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["google"].claims = {"email_verified": value}
    assert sign_in("google", "grace").email_verified is False


def test_no_address_is_never_a_verified_one(sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["google"].claims = {"email": None, "email_verified": True}
    grace = sign_in("google", "grace")
    assert (grace.email, grace.email_verified) == (None, False)


def test_the_workspace_domain_changes_nothing(sign_in: SignIn, behaviours: Behaviours) -> None:
    with_domain = sign_in("google", "walter")
    behaviours["google"].claims = {"hd": None}
    assert sign_in("google", "walter") == with_domain


def test_an_issuer_without_scheme_is_the_same_issuer() -> None:
    """Checked without HTTP, since only the real one is at https."""
    google = Google(GoogleSettings(client_id="id", client_secret="secret"), ProviderHttp(), SystemClock())
    accepts = google._openid._rules.accepts_issuer  # noqa: SLF001 - the simulated Google has another issuer
    assert accepts(SignedClaims({"iss": "https://accounts.google.com"}, {}, {}))
    assert accepts(SignedClaims({"iss": "accounts.google.com"}, {}, {}))
    assert not accepts(SignedClaims({"iss": "http://accounts.google.com"}, {}, {}))
    assert not accepts(SignedClaims({"iss": "https://accounts.google.com/"}, {}, {}))


def test_google_promises_its_issuer_in_every_answer_so_that_none_is_a_forgery(
    refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours["google"].callback = {"iss": None}
    assert refusal("google", "grace") is Refusal.INVALID_ANSWER
    assert behaviours["google"].calls["token"] == 0


def test_an_organisation_that_forbids_us_is_no_fault_that_trying_again_mends(
    refusal: Refused,
) -> None:
    assert refusal("google", "dennis") is Refusal.DISABLED


def test_the_page_is_asked_for_in_the_residents_language_with_a_choice_of_accounts(visitor: Visitor) -> None:
    url, _ = visitor.leave("google", language="es", login_hint="grace.morales@gmail.com")
    query = parse_qs(urlsplit(url).query)
    assert (query["hl"], query["prompt"]) == (["es"], ["select_account"])
    assert query["login_hint"] == ["grace.morales@gmail.com"]
    assert query["scope"] == ["openid email profile"]


def test_the_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(GoogleSettings(client_id="id", client_secret="s3cret"))
