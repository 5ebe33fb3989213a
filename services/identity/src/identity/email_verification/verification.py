"""Sending a link and a code, sending them again, and claiming either."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic

from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.email_verification.code_tries import CodeTries
from identity.email_verification.mail import VerificationMailQueue
from identity.email_verification.owner import P, Pending, VerificationOwner
from identity.mail.store import RefusedAddresses
from identity.rate_limits.limiter import Action, RateLimiter
from identity.rate_limits.mail_budget import Asker, MailBudget, Topic
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.one_time_codes.store import CodeResult, OneTimeCodes
from identity.secret_keys import SecretKeys, digest
from identity.storage import Storage, Transaction
from identity.web.mail_links import MailLinks, stand_in
from identity.web.visitor import Visitor

# What `randomness.identifier` returns; a URL may hold anything.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class OpenLink(Generic[P]):
    """A link that can be claimed."""

    # A secret.
    token: str
    pending: P
    # In the browser that created the row.
    is_same_browser: bool
    continuation: Continuation


class ClosedReason(StrEnum):
    """Why a link cannot be claimed."""

    ALREADY_VERIFIED = "already_verified"
    EXPIRED = "expired"
    # Never issued, issued for another purpose, or long deleted.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ClosedLink(Generic[P]):
    """A link that cannot be claimed."""

    reason: ClosedReason
    pending: P | None = None
    continuation: Continuation | None = None


class Resend(StrEnum):
    """The outcome of asking for the mail again."""

    # Or the newest mail still serves (`rate_limits.mail_budget`).
    SENT = "sent"
    # The last one was asked for less than half a minute ago.
    TOO_SOON = "too_soon"
    # Verified meanwhile, or the link has not expired.
    NOTHING_TO_SEND = "nothing_to_send"


@dataclass(frozen=True)
class CodeRefused:
    """The code did not verify the address; its attempt is counted."""

    result: CodeResult


_CLOSED = {
    LinkStatus.SPENT: ClosedReason.ALREADY_VERIFIED,
    LinkStatus.EXPIRED: ClosedReason.EXPIRED,
    LinkStatus.UNKNOWN: ClosedReason.UNKNOWN,
}


class EmailVerification(Generic[P]):
    """Verifies the addresses of one owner's pending rows."""

    def __init__(
        self,
        owner: VerificationOwner[P],
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        rate_limiter: RateLimiter,
        mail_budget: MailBudget,
        continuations: Continuations,
        mail_links: MailLinks,
        mail_queue: VerificationMailQueue,
    ) -> None:
        self._owner = owner
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._mail_budget = mail_budget
        self._continuations = continuations
        self._mail_links = mail_links
        self._mail_queue = mail_queue
        # One budget of failures for every owner: registrations and first sign-ins together.
        self._tries = CodeTries("verify", rate_limiter)

    def find_pending(self, pending_id: str, browser_secret: str | None) -> P | None:
        """Return the row that this browser created, verified or not, unless it has expired."""
        if not browser_secret or not _IDENTIFIER.fullmatch(pending_id):
            return None
        with self._storage.transaction() as tx:
            pending = self._owner.store(tx).find_pending(pending_id)
        if pending is None or pending.browser_digest != digest(browser_secret):
            return None
        return pending if self._clock.now() < pending.expires_at else None

    def is_refused(self, pending: P) -> bool:
        """Return whether the mail server refused mail for the address since the resident asked.

        It is told to the browser that created the row alone, and alike for an address that has an account:
        who asks a mail server learns as much.
        """
        if pending.address is None:
            return False
        with self._storage.transaction() as tx:
            refusal = RefusedAddresses(tx).find_refusal(pending.address.key)
        return refusal is not None and refusal.refused_at >= pending.created_at

    def send(self, tx: Transaction, pending: P, continuation: Continuation, visitor: Visitor) -> None:
        """Mail a new link and code in the caller's transaction, if the address's budget has a place.

        Links of mails before stay good, and so does the code without a place. If the address has an account,
        its owner is told so instead. Raises LookupError without an address.
        """
        address, now, purpose = pending.address, self._clock.now(), self._owner.purpose
        if address is None:
            raise LookupError("a mail needs an address")
        asker = Asker(visitor.ip_address)
        place = self._mail_budget.claim_place(tx, Topic.VERIFICATION, address.key, asker, now)
        subject = pending.id if place.is_granted else stand_in(self._secret_keys, purpose, pending.id)
        link = self._mail_links.issue(tx, purpose, subject, continuation, now)
        code = OneTimeCodes(tx, self._secret_keys).issue_code(purpose, subject, now)
        mail = self._owner.mail(pending, continuation, link=link, code=code)
        self._mail_queue.send_unless_taken(tx, address.key, mail, continuation, place)

    def void(self, tx: Transaction, pending_id: str) -> None:
        """End the links and the code of a row whose address changes: they prove the one before."""
        purpose = self._owner.purpose
        ActionLinks(tx).void_links(purpose, pending_id, self._clock.now())
        OneTimeCodes(tx, self._secret_keys).delete_code(purpose, pending_id)

    def issue_link(self, tx: Transaction, pending: P) -> str:
        """Return the token of a new link, for the browser that has just proved the address. A secret."""
        purpose, now = self._owner.purpose, self._clock.now()
        signed = pending.continuation
        return ActionLinks(tx).issue_link(purpose, pending.id, signed, purpose.lifetime, now)

    def resend(self, pending: P, visitor: Visitor) -> Resend:
        """Mail a new link and code, at most once in half a minute."""
        address = pending.address
        if pending.is_verified or address is None:
            return Resend.NOTHING_TO_SEND
        if not self._rate_limiter.allows(Action.MAIL_AGAIN, pending.id):
            return Resend.TOO_SOON
        continuation = self._continuations.read(pending.continuation)
        with self._storage.transaction() as tx:
            if not self._owner.store(tx).extend_pending(pending.id, address, self._clock.now()):
                return Resend.NOTHING_TO_SEND
            self.send(tx, pending, continuation, visitor)
        return Resend.SENT

    def resend_for_link(self, token: str, visitor: Visitor) -> Resend:
        """Mail a new link in place of one that expired.

        Any browser may ask: the mail goes to the mailbox that the old link went to.
        """
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, self._owner.purpose, self._clock.now())
            pending = self._owner.store(tx).find_pending(link.subject) if link.subject else None
        if pending is None or link.status is not LinkStatus.EXPIRED:
            return Resend.NOTHING_TO_SEND
        return self.resend(pending, visitor)

    def find_link(self, token: str, browser_secret: str | None) -> OpenLink[P] | ClosedLink[P]:
        """Return what a link is good for in this browser. Writes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            return self.find_link_in(tx, token, browser_secret)

    def find_link_in(
        self, tx: Transaction, token: str, browser_secret: str | None
    ) -> OpenLink[P] | ClosedLink[P]:
        """Return the same, in the caller's transaction."""
        link = ActionLinks(tx).find_link(token, self._owner.purpose, self._clock.now())
        pending = self._owner.store(tx).find_pending(link.subject) if link.subject else None
        if pending is None:
            continuation = self._continuations.read(link.continuation) if link.continuation else None
            return ClosedLink(ClosedReason.UNKNOWN, continuation=continuation)
        is_same_browser = browser_secret is not None and digest(browser_secret) == pending.browser_digest
        # What a mail carries lacks what only this browser may bring back (`MailLinks`).
        signed = pending.continuation if is_same_browser else link.continuation
        continuation = self._continuations.read(signed)
        if self._owner.is_verified_by_account and self._has_account(tx, pending):
            return ClosedLink(ClosedReason.ALREADY_VERIFIED, pending, continuation)
        if link.status is not LinkStatus.VALID:
            return ClosedLink(_CLOSED[link.status], pending, continuation)
        return OpenLink(token, pending, is_same_browser, continuation)

    def claim_link(self, tx: Transaction, link: OpenLink[P]) -> bool:
        """Spend a link, the others of its row and the code. Of any number at once one is answered True."""
        now, purpose = self._clock.now(), self._owner.purpose
        if ActionLinks(tx).claim_link(link.token, purpose, now).status is not LinkStatus.VALID:
            return False
        OneTimeCodes(tx, self._secret_keys).delete_code(purpose, link.pending.id)
        return True

    def claim_try(self, pending: P, visitor: Visitor) -> bool:
        """Count a try at a code for the row's address, before a transaction; False if no more are allowed."""
        return pending.address is not None and self._tries.claim_try(pending.address.key, visitor.ip_address)

    def give_back_try(self, pending: P, visitor: Visitor) -> None:
        """Take the try back, after the transaction: the code was right."""
        if pending.address is not None:
            self._tries.give_back_try(pending.address.key, visitor.ip_address)

    def claim_code(self, tx: Transaction, pending: P, code: str) -> CodeResult:
        """Spend an attempt at the code; if it is right, spend the code and its links."""
        now, purpose = self._clock.now(), self._owner.purpose
        result = OneTimeCodes(tx, self._secret_keys).claim_code(purpose, pending.id, code, now)
        if result is CodeResult.RIGHT:
            ActionLinks(tx).spend_links(purpose, pending.id, now)
        return result

    @staticmethod
    def _has_account(tx: Transaction, pending: Pending) -> bool:
        return pending.address is not None and Accounts(tx).by_email_key(pending.address.key) is not None
