"""When the next attempt may be made (product decision 7; NIST SP 800-63B-4 §3.2.2; ASVS 6.1.1, 6.3.1).

Counted per address and origin, where an origin is a network, or a device on which this resident has signed in
before:

- The first four failures cost nothing. The fifth is followed by a wait of 5 seconds, which doubles with each
  failure (10, 20, 40, 80) until it is 15 minutes at the tenth and after.
- An attempt during a wait is refused without a look at the password, and does not count: it makes no wait
  longer.
- After twelve hours without a failure the count starts afresh.
- So a stranger on another network delays neither the owner's network nor a device the owner has used.

Counted per address over all origins, without any time limit, until a sign-in or a password reset succeeds: at
100 failures the password is refused until it is reset. The last ten of the hundred are for devices that the
resident has used: after 90 failures of strangers the owner can still sign in at home.
"""

from datetime import timedelta

FREE_FAILURES = 4
FIRST_WAIT = timedelta(seconds=5)
LOCK_AT = 10
LOCK_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=12)

STOP_AT = 100
STOP_STRANGERS_AT = 90
# A count over all origins that has not grown for so long is not being guessed at.
TOTAL_FORGOTTEN_AFTER = timedelta(days=365)


def wait_after(failures: int) -> timedelta | None:
    """Return how long to wait after this many consecutive failures from one origin; None for not at all."""
    if failures <= FREE_FAILURES:
        return None
    if failures >= LOCK_AT:
        return LOCK_WAIT
    return FIRST_WAIT * (1 << (failures - FREE_FAILURES - 1))


def stops_at(origin: str) -> int:
    """Return the number of failures in all at which attempts from this origin are over."""
    return STOP_AT if origin.startswith("device:") else STOP_STRANGERS_AT
