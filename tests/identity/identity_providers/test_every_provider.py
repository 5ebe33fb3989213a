"""What holds for each provider: who comes back, and which answers are none."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity.clock import FixedClock
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import ExpectedResponse, ProviderRefusal, Refusal
from joserfc.jwk import ECKey
from simulated_providers import Behaviours, Providers, Refused, SignIn, Simulated, Visitor

EVERYBODY = [
    ("google", "grace"),
    ("apple", "samuel"),
    ("microsoft", "patricia"),
    ("facebook", "felix"),
    ("logingov", "louise"),
]
WITH_ID_TOKEN = [pair for pair in EVERYBODY if pair[0] != "facebook"]
ATTACKER = "https://attacker.example"

each = pytest.mark.parametrize(("key", "person"), EVERYBODY)
each_with_id_token = pytest.mark.parametrize(("key", "person"), WITH_ID_TOKEN)


@each
def test_the_same_person_is_the_same_issuer_and_subject_each_time(
    key: str, person: str, sign_in: SignIn
) -> None:
    first, second = sign_in(key, person), sign_in(key, person)
    assert (first.issuer, first.subject) == (second.issuer, second.subject)
    assert first.subject != sign_in("google", "ursula").subject


@pytest.mark.parametrize("key", [key for key, _ in EVERYBODY if key != "apple"])
def test_the_request_carries_a_pkce_challenge_of_method_s256(key: str, visitor: Visitor) -> None:
    query = parse_qs(urlsplit(visitor.leave(key)[0]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["response_type"] == ["code"]


@each_with_id_token
def test_the_request_carries_state_and_nonce(key: str, person: str, visitor: Visitor) -> None:
    url, expected = visitor.leave(key)
    query = parse_qs(urlsplit(url).query)
    assert query["state"] == [expected.state]
    assert query["nonce"] == [expected.nonce]


@each
def test_consent_denied_is_a_no_of_the_resident(key: str, person: str, refusal: Refused) -> None:
    assert refusal(key, None) is Refusal.DENIED


@each
@pytest.mark.parametrize("state", ["another-state", "", None])
def test_an_answer_with_a_foreign_or_no_state_is_refused(
    key: str, person: str, state: str | None, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"state": state}
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each
def test_an_empty_expected_state_fits_nothing(
    key: str, person: str, providers: Providers, behaviours: Behaviours
) -> None:
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback({"state": "", "code": "x"}, ExpectedResponse("", "n", "v", "u"))
    assert caught.value.refusal is Refusal.INVALID_ANSWER
    assert behaviours[key].calls["token"] == 0


@each
def test_an_answer_that_names_another_issuer_is_refused_before_the_code_is_sent_anywhere(
    key: str, person: str, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"iss": ATTACKER}
    assert refusal(key, person) is Refusal.INVALID_ANSWER
    assert behaviours[key].calls["token"] == 0


@pytest.mark.parametrize("key", [key for key, _ in EVERYBODY if key != "google"])
def test_googles_answer_at_another_providers_callback_is_refused(
    key: str, visitor: Visitor, providers: Providers, behaviours: Behaviours
) -> None:
    url, expected = visitor.leave("google")
    params = visitor.choose(url, "grace")
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback(params, expected)
    assert caught.value.refusal is Refusal.INVALID_ANSWER
    assert behaviours[key].calls["token"] == 0


@each
def test_an_error_of_another_issuer_is_not_taken_for_the_residents_no(
    key: str, person: str, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"iss": ATTACKER}
    assert refusal(key, None) is Refusal.INVALID_ANSWER


@each
def test_an_answer_without_a_code_is_refused(
    key: str, person: str, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"code": None}
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each
def test_a_parameter_of_absurd_size_is_refused(
    key: str, person: str, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"code": "x" * 5000}
    assert refusal(key, person) is Refusal.INVALID_ANSWER
    assert behaviours[key].calls["token"] == 0


@each
@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error"])
def test_a_provider_that_says_it_is_out_of_order_is_unavailable(
    key: str, person: str, error: str, refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"code": None, "error": error}
    assert refusal(key, person) is Refusal.UNAVAILABLE


@each
def test_a_made_up_code_is_refused(key: str, person: str, refusal: Refused, behaviours: Behaviours) -> None:
    behaviours[key].callback = {"code": "made-up"}
    assert refusal(key, person) is Refusal.INVALID_ANSWER


@each
def test_a_code_works_once(key: str, person: str, visitor: Visitor, providers: Providers) -> None:
    url, expected = visitor.leave(key)
    params = visitor.choose(url, person)
    providers[key].identity_from_callback(params, expected)
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback(params, expected)
    assert caught.value.refusal is Refusal.INVALID_ANSWER


@each
def test_a_code_of_another_sign_in_is_refused(
    key: str, person: str, visitor: Visitor, providers: Providers
) -> None:
    """PKCE binds the code to its sign-in, and the nonce where there is no PKCE (RFC 9700 2.1.1)."""
    victims_url, _ = visitor.leave(key)
    stolen = visitor.choose(victims_url, person)["code"]
    url, expected = visitor.leave(key)
    params = visitor.choose(url, person)
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback({**params, "code": stolen}, expected)
    assert caught.value.refusal is Refusal.INVALID_ANSWER


@each
@pytest.mark.parametrize(
    "token",
    [
        {"expires_in": [1]},
        {"expires_in": "soon"},
        {"expires_in": float("inf")},
        {"access_token": None, "id_token": None},
        {"access_token": 7, "id_token": 7},
        {"access_token": "\ud800", "id_token": "\ud800"},
        {"access_token": "a\r\nb: c", "id_token": "a.b"},
        {"id_token": "x" * 20_000, "access_token": ""},
        {"token_type": {"a": 1}, "id_token": None, "access_token": None},
        {"error": "<b>planted</b>"},
        {"error": {"code": [1], "error_subcode": {}}},
    ],
    ids=str,
)
def test_an_odd_token_answer_is_a_refusal_and_nothing_else(
    key: str, person: str, token: dict[str, Any], refusal: Refused, behaviours: Behaviours
) -> None:
    behaviours[key].token = token
    assert refusal(key, person) in (Refusal.INVALID_ANSWER, Refusal.UNAVAILABLE)


@each
def test_credentials_that_the_provider_refuses_are_not_the_residents_fault(
    key: str, person: str, simulated: Simulated, clock: FixedClock, visitor: Visitor
) -> None:
    providers = _with_wrong_credentials(simulated, clock)
    url, expected = visitor.leave(key)
    params = visitor.choose(url, person)
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback(params, expected)
    assert caught.value.refusal is Refusal.UNAVAILABLE
    assert "credentials" in caught.value.cause


@each
def test_the_operators_check_tells_good_credentials_from_bad(
    key: str, person: str, simulated: Simulated, clock: FixedClock, providers: Providers
) -> None:
    providers[key].check()
    with pytest.raises(ProviderRefusal, match="credentials"):
        _with_wrong_credentials(simulated, clock)[key].check()


@each
def test_no_refusal_repeats_what_came_from_outside(
    key: str, person: str, visitor: Visitor, providers: Providers, behaviours: Behaviours
) -> None:
    behaviours[key].callback = {"code": None, "error": "<b>planted</b>", "error_description": "planted"}
    url, expected = visitor.leave(key)
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback(visitor.choose(url, person), expected)
    assert "planted" not in str(caught.value)


def test_expected_is_not_changed_by_use(visitor: Visitor, providers: Providers) -> None:
    url, expected = visitor.leave("google")
    before = replace(expected)
    providers["google"].identity_from_callback(visitor.choose(url, "grace"), expected)
    assert expected == before


def _with_wrong_credentials(simulated: Simulated, clock: FixedClock) -> Providers:
    wrong_key = ECKey.generate_key("P-256").as_pem(private=True).decode()
    wrong = {
        name: wrong_key if name.endswith("_KEY") else "wrong"
        for name in simulated.environment()
        if name.endswith(("_CLIENT_SECRET", "_APPLE_KEY", "_PRIVATE_KEY"))
    }
    return load_providers({**simulated.environment(), **wrong}, clock)
