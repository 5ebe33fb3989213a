"""How long a session lives (NIST SP 800-63B-4, OWASP ASVS 7.3)."""

from datetime import timedelta

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
# `last_seen_at` is written at most this often, so that not every page is a write.
TOUCH_EVERY = timedelta(minutes=1)
# How long one request alone may refresh: longer than the time limit of a call to identity.
REFRESH_LEASE = timedelta(seconds=15)
