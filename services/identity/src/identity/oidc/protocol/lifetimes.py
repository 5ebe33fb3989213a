"""The lifetimes of codes, tokens and requests."""

from datetime import timedelta

# RFC 6749 §4.1.2 allows ten minutes; ASVS 5.0 10.4.3 asks for one.
CODE = timedelta(seconds=60)
# A resource that verifies RFC 9068 tokens offline learns of no revocation, hence minutes.
ACCESS_TOKEN = timedelta(minutes=5)
ID_TOKEN = timedelta(minutes=5)
# Back-Channel Logout §2.4 recommends at most two minutes.
LOGOUT_TOKEN = timedelta(minutes=2)
# A refresh family (RFC 9700 §4.14.2): unused for this long, or in all.
REFRESH_IDLE = timedelta(hours=12)
REFRESH_ABSOLUTE = timedelta(days=30)
# A client that lost the response may repeat the request: it gets the same successor.
REFRESH_GRACE = timedelta(seconds=30)
# How far ahead the clock of a token's issuer may be.
CLOCK_SKEW = timedelta(seconds=60)
# A resident may take this long to sign in, or to sign up and open the mail.
INTERACTION = timedelta(hours=1)
# A resident may take this long to type a device's code (RFC 8628 §3.2), and the device asks this often.
DEVICE_CODE = timedelta(minutes=10)
DEVICE_INTERVAL = timedelta(seconds=5)
# How much longer it waits after each poll that came too soon (RFC 8628 §3.5).
DEVICE_SLOWER = timedelta(seconds=5)
# How long expired rows are kept, so that a late replay is recognised.
KEPT_AFTER_END = timedelta(days=1)
