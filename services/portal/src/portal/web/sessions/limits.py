"""How long a session lives (NIST SP 800-63B-4, OWASP ASVS 7.3)."""

from datetime import timedelta

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
# "Last seen" is written at most this often: reading a page costs no write.
TOUCH_EVERY = timedelta(minutes=1)
# Longer than identity may take to answer; after it, another request may try.
REFRESH_LEASE = timedelta(seconds=15)
