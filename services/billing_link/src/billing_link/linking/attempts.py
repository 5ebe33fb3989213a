"""Limits on guessing: failed look-ups are counted per resident and per customer ID (decision 0011).

Only failures count, and reading one's own account is never limited. They are read before the look-up and
counted after it, in one atomic statement. Above a limit, right and wrong pairs get the same refusal.

Strangers' failures at a customer ID do not keep its owner out (decision 0065): first failures are counted
apart, so that a resident who has not failed has attempts there when those who have are refused; and for a
resident whose verified address the city's records join with the customer ID only their own failures count.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

# Failures are counted from the first one for this long.
WINDOW = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
MOST_BY_RESIDENT = 10
# Of residents' first failures in their hour, and of all others: two counts.
MOST_AT_CUSTOMER_ID = 5


@dataclass(frozen=True, slots=True)
class FailureCount:
    """The failures within one window."""

    failures: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class AttemptKeys:
    """The keys under which one look-up is counted: hashes, so that the table holds no personal data."""

    resident: str
    # Of the customer ID: a resident's first failure in their hour, and any other.
    customer_first: str
    customer_again: str

    def customer(self, resident_failures: int) -> str:
        """Return the customer ID's key for a failure that is the resident's so-manieth in their hour."""
        return self.customer_first if resident_failures <= 1 else self.customer_again


def attempt_keys(city_id: str, issuer: str, subject: str, *, customer_id: str) -> AttemptKeys:
    """Return the keys of a look-up by a resident at a customer ID in normal form."""
    return AttemptKeys(
        resident=_key("resident", city_id, issuer, subject),
        customer_first=_key("customer first", city_id, customer_id),
        customer_again=_key("customer", city_id, customer_id),
    )


def seconds_to_wait(count: FailureCount | None, most: int, now: datetime) -> int:
    """Return the seconds until another attempt is allowed, 0 for now. `most` failures are allowed.

    Rounded up to whole minutes: the failures at a customer ID are those of others too, and the wait does not
    say to the second when they began.
    """
    if count is None or count.failures < most:
        return 0
    return max(0, math.ceil((count.began_at + WINDOW - now) / _MINUTE)) * 60


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
