"""What mailed links are for, and for how long each is good (NIST SP 800-63B-4 §4.2.1.2)."""

from datetime import timedelta
from enum import StrEnum

# Spent and expired links stay this long, so that a late click is told what became of the link.
KEPT_AFTER_EXPIRY = timedelta(days=7)


class Purpose(StrEnum):
    """The one thing a link can do."""

    VERIFY_REGISTRATION = "verify_registration"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose
    UNLOCK = "unlock"
    # The address of somebody whom a provider has named.
    VERIFY_FEDERATION = "verify_federation"

    @property
    def lifetime(self) -> timedelta:
        """Return for how long such a link is good."""
        verifies = self in (Purpose.VERIFY_REGISTRATION, Purpose.VERIFY_FEDERATION)
        return timedelta(hours=24) if verifies else timedelta(minutes=30)
