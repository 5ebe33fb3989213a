"""ID tokens of each provider that sends one: made for us, by it, for this sign-in, not long ago."""

from typing import Any

import pytest
from identity.clock import FixedClock
from identity.identity_providers.provider import Refusal
from simulated_providers import Behaviours, Refused, SignIn

from deploy.local.providers import apple, google, microsoft, openid
from deploy.local.providers.behaviour import Signing

WITH_ID_TOKEN = [("google", "grace"), ("apple", "samuel"), ("microsoft", "patricia"), ("logingov", "louise")]
CLIENT_IDS = {
    "google": google.CLIENT_ID,
    "apple": apple.CLIENT_ID,
    "microsoft": microsoft.CLIENT_ID,
    "logingov": openid.CLIENT_ID,
}
ATTACKER = "https://attacker.example"

each_with_id_token = pytest.mark.parametrize(("key", "person"), WITH_ID_TOKEN)


@each_with_id_token
def test_a_wrong_nonce_is_refused(key: str, person: str, refusal: Refused) -> None:
    assert refusal(key, person, nonce="another-nonce") is Refusal.INVALID_ANSWER


@each_with_id_token
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": None},
        {"aud": []},
        {"iss": ATTACKER},
        {"iss": None},
        {"iss": ["https://accounts.google.com"]},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"exp": "4102444800"},
        {"iat": 4_102_444_800},
        {"iat": None},
        {"nbf": 4_102_444_800},
        {"nonce": None},
        {"nonce": ["n"]},
        {"nonce": "\ud800"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 12345},
        {"azp": "another-client"},
        {"events": {"https://schemas.openid.net/secevent/risc/event-type/sessions-revoked": {}}},
    ],
    ids=str,
)
def test_an_id_token_with_a_wrong_or_missing_claim_is_refused(
    key: str, person: str, claims: dict[str, Any], refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].claims = claims
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each_with_id_token
def test_an_id_token_for_several_audiences_needs_to_be_given_to_us(
    key: str, person: str, sign_in: SignIn, refusal: Refused, behaviours: Behaviours
) -> None:
    client_id = CLIENT_IDS[key]
    behaviours[key].claims = {"aud": [client_id, "another-client"], "azp": client_id}
    assert sign_in(key, person).subject
    behaviours[key].claims = {"aud": [client_id, "another-client"], "azp": None}
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each_with_id_token
@pytest.mark.parametrize("signing", ["foreign_key", "unknown_key", "none", "hs256", "no_key_id"])
def test_an_id_token_that_is_not_signed_by_the_provider_is_refused(
    key: str, person: str, signing: Signing, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].signing = signing
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each_with_id_token
def test_a_clock_that_is_a_little_off_does_no_harm(
    key: str, person: str, clock: FixedClock, sign_in: SignIn, behaviours: Behaviours
) -> None:
    now = int(clock.now().timestamp())
    behaviours[key].claims = {"iat": now + 30, "exp": now - 30}
    assert sign_in(key, person).subject
