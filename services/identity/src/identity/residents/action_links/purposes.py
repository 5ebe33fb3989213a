"""What mailed links are for, and their lifetimes (NIST SP 800-63B-4 §4.2.1.2)."""

from datetime import timedelta
from enum import StrEnum

# Spent and expired links are kept this long, so that a page can say why a late click does nothing.
KEPT_AFTER_EXPIRY = timedelta(days=7)
# For so many lives after its issue a link that waits to be mailed may be restarted.
RESTARTED_FOR_LIVES = 2


class Purpose(StrEnum):
    """What a link does."""

    VERIFY_REGISTRATION = "verify_registration"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose
    UNLOCK = "unlock"
    # The address of a first sign-in with a provider.
    VERIFY_FEDERATION = "verify_federation"
    # "This wasn't me": the subject is the session that began.
    REPORT_SIGN_IN = "report_sign_in"

    @property
    def lifetime(self) -> timedelta:
        """Return how long such a link works; a link for recovery longer where the mail budget says so."""
        if self is Purpose.REPORT_SIGN_IN:
            return timedelta(days=7)
        verifies = self in (Purpose.VERIFY_REGISTRATION, Purpose.VERIFY_FEDERATION)
        return timedelta(hours=24) if verifies else timedelta(minutes=30)
