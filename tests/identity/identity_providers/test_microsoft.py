"""Sign in with Microsoft: what is its own."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity.clock import FixedClock
from identity.identity_providers.load import load_providers

# Private: the table of error codes, tried with codes that the simulated provider does not send.
from identity.identity_providers.microsoft import _token_refusal
from identity.identity_providers.provider import ProviderRefusal, Refusal
from simulated_providers import Behaviours, Refused, SignIn, Simulated, Visitor

from deploy.local.providers.microsoft import ATTACKERS, COMPANY, CONSUMERS


def test_the_issuer_is_of_the_tenant_and_the_subject_is_tenant_and_person(
    sign_in: SignIn, simulated: Simulated
) -> None:
    patricia = sign_in("microsoft", "patricia")
    assert patricia.issuer == f"{simulated.base_url}/microsoft/{CONSUMERS}/v2.0"
    assert patricia.subject == f"{CONSUMERS}.00000000-0000-0000-66f3-3332eca7ea81"


def test_the_same_oid_in_another_tenant_is_another_person(sign_in: SignIn) -> None:
    carl, mallory = sign_in("microsoft", "carl"), sign_in("microsoft", "mallory")
    assert carl.subject.partition(".")[2] == mallory.subject.partition(".")[2]
    assert carl.subject != mallory.subject
    assert carl.issuer != mallory.issuer


def test_an_attackers_tenant_cannot_prove_a_victims_address(sign_in: SignIn) -> None:
    """The "nOAuth" attack."""
    mallory = sign_in("microsoft", "mallory")
    assert (mallory.email, mallory.email_verified) == ("grace.morales@gmail.com", False)


@pytest.mark.parametrize("proved", [True, 1, "1", "true", "True"])
def test_xms_edov_alone_proves_an_address(proved: object, sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["microsoft"].claims = {"xms_edov": proved}
    assert sign_in("microsoft", "mallory").email_verified is True


@pytest.mark.parametrize("proved", [False, 0, "0", "false", "", [True], {"a": 1}, "yes", 2])
def test_any_other_xms_edov_proves_nothing(proved: object, sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["microsoft"].claims = {"xms_edov": proved}
    assert sign_in("microsoft", "patricia").email_verified is False


@pytest.mark.parametrize("value", [True, False, "true"])
@pytest.mark.parametrize("proved", [True, None])
def test_an_email_verified_claim_that_microsoft_does_not_have_proves_nothing(
    value: object, proved: object, sign_in: SignIn, behaviours: Behaviours
) -> None:
    behaviours["microsoft"].claims = {"email_verified": value, "xms_edov": proved}
    assert sign_in("microsoft", "patricia").email_verified is False


def test_an_account_may_have_no_address(sign_in: SignIn) -> None:
    nora = sign_in("microsoft", "nora")
    assert (nora.email, nora.email_verified) == (None, False)


def test_the_user_name_is_not_taken_for_an_address(sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["microsoft"].claims = {
        "email": None,
        "preferred_username": "x@example.com",
        "upn": "x@example.com",
    }
    assert sign_in("microsoft", "patricia").email is None


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": None},
        {"tid": ATTACKERS},
        {"tid": "common"},
        {"tid": f"{CONSUMERS}/../{ATTACKERS}"},
        {"tid": [CONSUMERS]},
        {"oid": None},
        {"oid": ""},
        {"oid": "not-a-guid"},
        {"oid": 7},
    ],
    ids=str,
)
def test_a_token_whose_tenant_issuer_and_person_do_not_fit_is_refused(
    claims: dict[str, Any], refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours["microsoft"].claims = claims
    assert refusal("microsoft", "patricia") is Refusal.INVALID_ANSWER


def test_a_token_with_the_issuer_of_another_tenant_is_refused(
    refusal: Refused, behaviours: Behaviours, simulated: Simulated
) -> None:
    behaviours["microsoft"].claims = {"iss": f"{simulated.base_url}/microsoft/{COMPANY}/v2.0"}
    assert refusal("microsoft", "patricia") is Refusal.INVALID_ANSWER


def test_a_key_that_is_bound_to_one_tenant_signs_for_no_other(
    sign_in: SignIn, refusal: Refused, behaviours: Behaviours, simulated: Simulated
) -> None:
    behaviours["microsoft"].key_values = {"issuer": f"{simulated.base_url}/microsoft/{CONSUMERS}/v2.0"}
    assert sign_in("microsoft", "patricia").subject
    assert refusal("microsoft", "carl") is Refusal.INVALID_ANSWER


@pytest.mark.parametrize(
    ("tenant", "let_in", "kept_out"),
    [
        ("consumers", "patricia", "carl"),
        ("organizations", "carl", "patricia"),
        (COMPANY, "carl", "mallory"),
    ],
)
def test_a_deployment_can_be_for_some_tenants_only(
    tenant: str, let_in: str, kept_out: str, simulated: Simulated, clock: FixedClock, visitor: Visitor
) -> None:
    environ = {**simulated.environment(), "IDENTITY_MICROSOFT_TENANT": tenant}
    visitor.providers = load_providers(environ, clock)
    assert visitor.sign_in("microsoft", let_in).subject
    assert visitor.refusal("microsoft", kept_out) is Refusal.INVALID_ANSWER


def test_a_disabled_account_is_named_as_such(refusal: Refused) -> None:
    assert refusal("microsoft", "derek") is Refusal.DISABLED


def test_a_disabled_account_in_the_callback_is_named_as_such(
    refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours["microsoft"].callback = {
        "code": None,
        "error": "access_denied",
        "error_description": "AADSTS50057: The user account is disabled.",
    }
    assert refusal("microsoft", "carl") is Refusal.DISABLED


@pytest.mark.parametrize("codes", ["50057", [None, {"a": 1}], {"50057": 1}, ["50057"]])
def test_odd_error_codes_are_no_obstacle(codes: object) -> None:
    assert _token_refusal({"error": "invalid_grant", "error_codes": codes}).refusal is Refusal.INVALID_ANSWER


def test_an_answers_issuer_is_a_tenants(
    sign_in: SignIn, refusal: Refused, behaviours: Behaviours, simulated: Simulated
) -> None:
    authority = f"{simulated.base_url}/microsoft"
    behaviours["microsoft"].callback = {"iss": f"{authority}/{CONSUMERS}/v2.0"}
    assert sign_in("microsoft", "patricia").subject
    behaviours["microsoft"].callback = {"iss": f"{authority}/common/v2.0"}
    assert refusal("microsoft", "patricia") is Refusal.INVALID_ANSWER


def test_a_choice_of_accounts_is_asked_for(visitor: Visitor) -> None:
    query = parse_qs(urlsplit(visitor.leave("microsoft", language="es")[0]).query)
    assert (query["prompt"], query["ui_locales"]) == (["select_account"], ["es"])


def test_the_metadata_must_be_of_the_authority(
    visitor: Visitor, behaviours: Behaviours, simulated: Simulated
) -> None:
    behaviours["microsoft"].discovery = {"issuer": f"{simulated.base_url}/microsoft/{COMPANY}/v2.0"}
    with pytest.raises(ProviderRefusal):
        visitor.leave("microsoft")
