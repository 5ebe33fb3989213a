"""The verbs of the page that waits for the mail to be answered: look, send it again."""

from enum import StrEnum

from identity.clock import Clock
from identity.continuation import Continuations
from identity.journeys.registration.mail import unverified_address
from identity.journeys.registration.store import Pending, PendingRegistrations
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.address_verification import AddressVerification
from identity.web.visitor import Visitor


class Resent(StrEnum):
    """What became of "Send it again"."""

    SENT = "sent"
    # The last one left a moment ago.
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"
    # Nothing to send: verified meanwhile, or the link says nothing to us.
    GONE = "gone"


class ResendVerification:
    """Knows the registrations that a browser waits for, and mails them again."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        rate_limiter: RateLimiter,
        continuations: Continuations,
        verification: AddressVerification,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._continuations = continuations
        self._verification = verification

    def find(self, registration_id: str, browser_secret: str | None) -> Pending | None:
        """Return the registration if this browser asked for it, waiting or just verified."""
        if not browser_secret:
            return None
        with self._storage.transaction() as tx:
            return PendingRegistrations(tx).of_browser(
                registration_id, digest(browser_secret), self._clock.now()
            )

    def send_again(self, pending: Pending, visitor: Visitor) -> Resent:
        """Mail a new link and code; the ones before die."""
        if pending.confirmed_at is not None:
            return Resent.GONE
        if not self._rate_limiter.allows(Action.MAIL_AGAIN, pending.id):
            return Resent.TOO_SOON
        if not self._rate_limiter.allows_mail(pending.email_key, visitor.ip_address):
            return Resent.TOO_MANY
        now = self._clock.now()
        address = unverified_address(pending, self._continuations.read(pending.continuation))
        with self._storage.transaction() as tx:
            PendingRegistrations(tx).prolong(pending.id, now)
            self._verification.send_link_and_code(tx, address, now)
        return Resent.SENT

    def send_new_link(self, token: str, visitor: Visitor) -> Resent:
        """Mail a new link to whoever holds one that expired or was replaced: it went to that mailbox."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, Purpose.VERIFY_REGISTRATION, self._clock.now())
            pending = PendingRegistrations(tx).get(link.subject) if link.subject else None
        if pending is None or link.status not in (LinkStatus.EXPIRED, LinkStatus.REPLACED):
            return Resent.GONE
        return self.send_again(pending, visitor)
