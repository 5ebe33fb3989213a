"""Signing keys: kept for a while, looked up when new, and never asked for too often."""

from datetime import timedelta

import pytest
from identity.clock import FixedClock
from identity.identity_providers.keys import RETENTION
from identity.identity_providers.provider import Refusal
from simulated_providers import Behaviours, Refused, SignIn

WITH_KEYS = [("google", "grace"), ("apple", "samuel"), ("microsoft", "patricia"), ("logingov", "louise")]


@pytest.mark.parametrize(("key", "person"), WITH_KEYS)
def test_keys_are_fetched_once_an_hour(
    key: str, person: str, clock: FixedClock, sign_in: SignIn, behaviours: Behaviours
) -> None:
    for _ in range(3):
        sign_in(key, person)
    assert behaviours[key].calls["keys"] == 1
    clock.advance(RETENTION.lifetime)
    behaviours[key].claims = _valid_at(clock)
    sign_in(key, person)
    assert behaviours[key].calls["keys"] == 2


@pytest.mark.parametrize(("key", "person"), WITH_KEYS)
def test_a_new_key_works_at_once_after_rotation(
    key: str, person: str, sign_in: SignIn, behaviours: Behaviours
) -> None:
    sign_in(key, person)
    for _ in range(2):
        # The first turns to the key that was already published, the second to one that was not.
        behaviours[key].rotate_keys = True
        assert sign_in(key, person).subject
    assert behaviours[key].calls["keys"] == 2


def test_unknown_keys_cannot_make_us_ask_again_and_again(
    refusal: Refused, sign_in: SignIn, clock: FixedClock, behaviours: Behaviours
) -> None:
    sign_in("google", "grace")
    behaviours["google"].signing = "unknown_key"
    for _ in range(3):
        assert refusal("google", "grace") is Refusal.INVALID_ANSWER
    assert behaviours["google"].calls["keys"] == 2
    clock.advance(RETENTION.pause)
    behaviours["google"].claims = _valid_at(clock)
    refusal("google", "grace")
    assert behaviours["google"].calls["keys"] == 3


def test_kept_keys_serve_for_a_day_while_the_provider_does_not_answer(
    refusal: Refused, sign_in: SignIn, clock: FixedClock, behaviours: Behaviours
) -> None:
    sign_in("apple", "samuel")
    behaviours["apple"].faults = {"keys": "error"}
    clock.advance(RETENTION.stale - timedelta(minutes=1))
    behaviours["apple"].claims = _valid_at(clock)
    assert sign_in("apple", "samuel").subject
    clock.advance(timedelta(minutes=2))
    behaviours["apple"].claims = _valid_at(clock)
    assert refusal("apple", "samuel") is Refusal.UNAVAILABLE


def _valid_at(clock: FixedClock) -> dict[str, int]:
    now = int(clock.now().timestamp())
    return {"iat": now, "exp": now + 600}
