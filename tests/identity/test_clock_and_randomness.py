import re
from datetime import UTC, datetime, timedelta, timezone

from identity import randomness
from identity.clock import FixedClock, SystemClock


def test_the_clock_tells_utc_in_whole_seconds():
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond == 0
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=2)


def test_a_fixed_clock_stands_still_until_it_is_moved():
    clock = FixedClock(datetime(2026, 11, 23, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=-5))))
    assert clock.now() == clock.now() == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    clock.advance(timedelta(minutes=1))
    assert clock.now() == datetime(2026, 11, 23, 15, 1, tzinfo=UTC)


def test_identifiers_and_secrets_are_url_safe_long_and_different():
    for make, length in ((randomness.identifier, 22), (randomness.secret, 43)):
        made = {make() for _ in range(1000)}
        assert len(made) == 1000
        assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{{length}}}", text) for text in made)
