"""Providers that are down, slow, or talk nonsense: the resident is told within seconds."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from identity.circuit_breaker import FAILURES
from identity.clock import FixedClock
from identity.identity_providers.http import CALLS_AT_ONCE, LIMITS, ProviderHttp
from identity.identity_providers.load import load_providers
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.outbound_http import Limits
from raw_server import dripping, saying
from simulated_providers import SHORT, Behaviours, Providers, Refused, SignIn, Simulated, Visitor

from deploy.local.providers.behaviour import Fault

EVERYBODY = [
    ("google", "grace"),
    ("apple", "samuel"),
    ("microsoft", "patricia"),
    ("facebook", "felix"),
    ("logingov", "louise"),
]
ENDPOINTS = [
    *[(*pair, "token") for pair in EVERYBODY],
    *[(*pair, "keys") for pair in EVERYBODY if pair[0] != "facebook"],
    ("facebook", "felix", "person"),
    ("logingov", "louise", "person"),
]
DISCOVERED = ["google", "microsoft", "logingov"]
# Two attempts of a second each, and what a busy machine adds.
PATIENCE = 5.0


@pytest.fixture
def limits() -> Limits:
    """Return short limits."""
    return SHORT


@pytest.mark.parametrize(("key", "person", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize("fault", ["error", "html", "huge", "deep", "redirect"])
def test_nonsense_from_a_provider_makes_it_unavailable(
    key: str,
    person: str,
    endpoint: str,
    fault: Fault,
    refusal: Refused,
    behaviours: Behaviours,
) -> None:
    behaviours[key].faults = {endpoint: fault}
    assert refusal(key, person) is Refusal.UNAVAILABLE


@pytest.mark.parametrize(("key", "person", "endpoint"), ENDPOINTS)
@pytest.mark.parametrize(("fault", "seconds"), [("slow", 1.2), ("drip", 0.1)])
def test_a_slow_provider_is_unavailable_after_seconds(
    key: str,
    person: str,
    endpoint: str,
    fault: Fault,
    seconds: float,
    visitor: Visitor,
    providers: Providers,
    behaviours: Behaviours,
) -> None:
    behaviours[key].faults, behaviours[key].seconds = {endpoint: fault}, seconds
    url, expected = visitor.leave(key)
    params = visitor.choose(url, person)
    started = time.monotonic()
    with pytest.raises(ProviderRefusal) as caught:
        providers[key].identity_from_callback(params, expected)
    assert caught.value.refusal is Refusal.UNAVAILABLE
    assert time.monotonic() - started < PATIENCE


@pytest.mark.parametrize("key", DISCOVERED)
@pytest.mark.parametrize("fault", ["error", "html", "huge", "redirect"])
def test_a_button_says_at_once_that_its_provider_is_down(
    key: str, fault: Fault, visitor: Visitor, behaviours: Behaviours
) -> None:
    behaviours[key].faults = {"discovery": fault}
    with pytest.raises(ProviderRefusal) as caught:
        visitor.leave(key)
    assert caught.value.refusal is Refusal.UNAVAILABLE


def test_a_provider_that_nobody_can_reach_is_unavailable(
    simulated: Simulated, clock: FixedClock, visitor: Visitor
) -> None:
    nowhere = {"IDENTITY_APPLE_ISSUER": "http://127.0.0.1:9", "IDENTITY_FACEBOOK_GRAPH": "http://127.0.0.1:9"}
    providers = load_providers({**simulated.environment(), **nowhere}, clock)
    for key in ("apple", "facebook"):
        _, expected = visitor.leave(key)
        with pytest.raises(ProviderRefusal) as caught:
            providers[key].identity_from_callback({"state": expected.state, "code": "c"}, expected)
        assert caught.value.refusal is Refusal.UNAVAILABLE


@pytest.mark.parametrize("key", DISCOVERED)
def test_metadata_that_names_another_issuer_is_not_used(
    key: str, visitor: Visitor, behaviours: Behaviours
) -> None:
    behaviours[key].discovery = {"issuer": "https://attacker.example"}
    with pytest.raises(ProviderRefusal, match="another issuer"):
        visitor.leave(key)


@pytest.mark.parametrize("key", DISCOVERED)
@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", ["http://provider.example/x", "javascript:alert(1)", None, 7])
def test_metadata_with_an_endpoint_without_https_is_not_used(
    key: str, endpoint: str, address: object, visitor: Visitor, behaviours: Behaviours
) -> None:
    behaviours[key].discovery = {endpoint: address}
    with pytest.raises(ProviderRefusal, match="no https"):
        visitor.leave(key)


@pytest.mark.parametrize(("key", "person", "endpoint"), ENDPOINTS)
def test_a_redirect_is_not_followed_with_our_secrets(
    key: str, person: str, endpoint: str, refusal: Refused, behaviours: Behaviours
) -> None:
    """It leads to the right answer here."""
    behaviours[key].faults, behaviours[key].times = {endpoint: "redirect"}, {endpoint: 1}
    assert refusal(key, person) is Refusal.UNAVAILABLE
    assert behaviours[key].calls[endpoint] == 1


def test_one_failed_fetch_is_tried_again(sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["google"].faults, behaviours["google"].times = {"keys": "error"}, {"keys": 1}
    assert sign_in("google", "grace").subject
    assert behaviours["google"].calls["keys"] == 2


def test_a_code_is_sent_once_even_if_the_answer_is_lost(refusal: Refused, behaviours: Behaviours) -> None:
    behaviours["google"].faults, behaviours["google"].seconds = {"token": "slow"}, 1.2
    assert refusal("google", "grace") is Refusal.UNAVAILABLE
    assert behaviours["google"].calls["token"] == 1


def test_an_answer_just_within_the_bound_is_read(sign_in: SignIn, behaviours: Behaviours) -> None:
    behaviours["facebook"].person = {"filler": "x" * (LIMITS.size - 2048)}
    assert sign_in("facebook", "felix").subject


def test_json_that_is_declared_as_html_is_not_read(refusal: Refused, behaviours: Behaviours) -> None:
    behaviours["apple"].media_type = "text/html"
    assert refusal("apple", "samuel") is Refusal.UNAVAILABLE


def test_few_requests_wait_for_a_provider_that_hangs_and_others_are_told_at_once(serve) -> None:
    address = serve(dripping("headers"))
    http = ProviderHttp(Limits(connect=1.0, read=1.0, total=1.0, size=1000))

    def ask(_number: int) -> float:
        began = time.monotonic()
        with pytest.raises(ProviderRefusal) as refusal:
            http.post(address, b"", {})
        assert refusal.value.refusal is Refusal.UNAVAILABLE
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        first, later = sorted(pool.map(ask, range(8))), sorted(pool.map(ask, range(8)))

    # Three wait for it, the others for a turn; and once it has not answered a few times, one at most.
    assert sum(seconds > 0.9 for seconds in first) == CALLS_AT_ONCE
    assert sum(seconds > 0.9 for seconds in later) <= CALLS_AT_ONCE
    assert sum(seconds > 0.4 for seconds in map(ask, range(4))) <= 1


def test_a_host_that_hangs_holds_up_no_other(serve) -> None:
    hanging, well = (
        serve(dripping("headers")),
        serve(saying(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")),
    )
    http = ProviderHttp(Limits(connect=1.0, read=0.3, total=0.3, size=1000))
    for _ in range(FAILURES + 1):
        with pytest.raises(ProviderRefusal):
            http.post(hanging, b"", {})
    assert http.get(well).is_ok
    http.expire()
    with pytest.raises(ProviderRefusal, match="no answer in time"):
        http.post(hanging, b"", {})
