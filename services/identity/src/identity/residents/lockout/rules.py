"""When a password alone signs in, and when a mailed code is needed too (docs/decisions/0065).

NIST SP 800-63B-4 §3.2.2; ASVS 6.1.1, 6.3.1; product decision 7. Failures are counted per address and origin,
where an origin is a network, or a device on which this resident has signed in before:

- The first four failures cost nothing. The fifth is followed by a wait of 5 seconds, which doubles with each
  failure (10, 20, 40, 80) until it is 15 minutes at the tenth and after.
- An attempt during a wait does not count: it makes no wait longer.
- After twelve hours without a failure the count starts afresh.

And per address and class of origin, until a sign-in from an origin of that class or a password reset
succeeds: strangers, networks from which the resident has signed in lately, and devices. Each class stops at a
number of its own, a hundred together, and its count goes down by one each day. So the failures of one class
never stop another.

During a wait or a stop no failure tells a guesser anything, and a right password is not enough: it makes a
code go to the resident's mailbox, and the browser that typed the password takes that code.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

FREE_FAILURES = 4
FIRST_WAIT = timedelta(seconds=5)
LOCK_AT = 10
LOCK_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=12)
# A network from which the resident has not signed in for so long is a stranger's again.
NETWORK_KNOWN_FOR = timedelta(days=90)
# The resident is told of a stop at most so often.
TOLD_AGAIN_AFTER = timedelta(days=7)


class OriginClass(StrEnum):
    """What is stopped together. A value is the `origin` of the row that counts for the class."""

    STRANGERS = "strangers"
    NETWORKS = "networks"
    DEVICES = "devices"

    @property
    def stops_at(self) -> int:
        """Return the number of failures at which a password alone no longer signs in from this class."""
        return _STOPS_AT[self]


# A hundred together (NIST SP 800-63B-4 §3.2.2).
_STOPS_AT = {OriginClass.STRANGERS: 50, OriginClass.NETWORKS: 30, OriginClass.DEVICES: 20}


def wait_after(failures: int) -> timedelta | None:
    """Return how long to wait after this many consecutive failures from one origin; None for not at all."""
    if failures <= FREE_FAILURES:
        return None
    if failures >= LOCK_AT:
        return LOCK_WAIT
    return FIRST_WAIT * (1 << (failures - FREE_FAILURES - 1))


def class_of(origin: str, used_at: datetime | None, now: datetime) -> OriginClass:
    """Return the class of an origin from which the resident last signed in at `used_at`."""
    if origin.startswith("device:"):
        return OriginClass.DEVICES
    is_known = used_at is not None and used_at > now - NETWORK_KNOWN_FOR
    return OriginClass.NETWORKS if is_known else OriginClass.STRANGERS


def day_of(now: datetime) -> int:
    """Return the number of the day, by which the count of a class goes down."""
    return now.toordinal()


def start_of(day: int) -> datetime:
    """Return when a day begins, the reverse of `day_of`."""
    return datetime.fromordinal(day).replace(tzinfo=UTC)
