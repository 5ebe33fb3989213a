"""How often one may guess: failures are counted for each resident and for each customer ID.

Only failures count, so that looking at one's own account is never limited. They are counted after the
look-up, in one atomic statement, and read before it; a caller over a limit is told so whether the pair is
right or wrong.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
MOST_BY_RESIDENT = 10
MOST_AT_CUSTOMER_ID = 5


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failures since the first of them."""

    failures: int
    began_at: datetime


def resident_key(city_id: str, issuer: str, subject: str) -> str:
    """Return the key under which a resident's failures are counted."""
    return _key("resident", city_id, issuer, subject)


def customer_key(city_id: str, customer_id: str) -> str:
    """Return the key under which failures at a customer ID in normal form are counted."""
    return _key("customer", city_id, customer_id)


def seconds_to_wait(count: FailureCount | None, most: int, now: datetime) -> int:
    """Return in how many seconds another attempt is allowed, 0 if now, where `most` failures are."""
    if count is None or count.failures < most:
        return 0
    return max(0, int((count.began_at + WINDOW - now).total_seconds()))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
