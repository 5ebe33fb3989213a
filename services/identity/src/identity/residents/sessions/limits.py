"""How long a session lives (product decision 8; NIST SP 800-63B-4 §2.1.3: at most 30 days at AAL1)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """The two ends of a session, whichever comes first."""

    # Without a request for this long.
    idle: timedelta
    # In all, however busy.
    absolute: timedelta


ORDINARY = Limits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
REMEMBERED = Limits(idle=timedelta(days=30), absolute=timedelta(days=30))

# `last_seen_at` is written at most this often, so that reading a page costs no write.
SEEN_EVERY = timedelta(minutes=1)
# Ended and expired sessions stay this long, so that a resident's question about them can be answered.
KEPT_AFTER_END = timedelta(days=30)


def of(*, remembered: bool) -> Limits:
    """Return the limits of a session begun with or without "Remember me"."""
    return REMEMBERED if remembered else ORDINARY
