"""How long a session lives (product decision 8; NIST SP 800-63B-4 §2.1.3: at most 30 days at AAL1)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """When a session runs out: at the earlier of two limits."""

    # Since its last request.
    idle: timedelta
    # Since it began.
    absolute: timedelta


ORDINARY = Limits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
REMEMBERED = Limits(idle=timedelta(days=30), absolute=timedelta(days=30))

# `last_seen_at` is written at most this often, so that most page views cost no write.
SEEN_EVERY = timedelta(minutes=1)
# Ended and expired sessions are kept this long, to answer a resident's question about them.
KEPT_AFTER_END = timedelta(days=30)


def of(*, remembered: bool) -> Limits:
    """Return the limits of a session with or without "Remember me"."""
    return REMEMBERED if remembered else ORDINARY
