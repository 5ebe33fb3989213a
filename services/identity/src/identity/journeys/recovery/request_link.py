"""The verbs "Forgot password?" and "Unlock account?": each sends one mail, to every address."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.mail import messages
from identity.mail.messages import Mail, Recipient
from identity.mail.queue import MailQueue
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.lockout.store import Lockout, Status
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.mail_links import MailLinks
from identity.web.visitor import Visitor


class Requested(StrEnum):
    """The outcome of a request, the same for addresses with and without an account."""

    # A mail is queued.
    MAILED = "mailed"
    # Too many mails to this address in the last hour; nothing was written.
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class RecoveryRequest:
    """An address, and the page on which it was typed. Holds personal data."""

    address: Address
    # BCP 47, of the page; used for an address without an account.
    language: str
    continuation: Continuation
    visitor: Visitor


class RequestRecoveryLink:
    """Mails a recovery link, or what applies instead, to an address."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        rate_limiter: RateLimiter,
        mail_queue: MailQueue,
        mail_links: MailLinks,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._mail_queue = mail_queue
        self._mail_links = mail_links

    def forgot_password(self, request: RecoveryRequest) -> Requested:
        """Mail the link to choose a new password, or what applies instead."""
        return self._mail(request, Event.PASSWORD_RESET_REQUESTED, Purpose.RESET_PASSWORD)

    def unlock_account(self, request: RecoveryRequest) -> Requested:
        """Mail the link that unlocks, or what applies instead."""
        return self._mail(request, Event.UNLOCK_REQUESTED, Purpose.UNLOCK)

    def _mail(self, request: RecoveryRequest, event: Event, purpose: Purpose) -> Requested:
        if not self._rate_limiter.allows_mail(request.address.key, request.visitor.ip_address):
            return Requested.TOO_MANY
        now = self._clock.now()
        with self._storage.transaction() as tx:
            resident = Accounts(tx).by_email_key(request.address.key)
            if resident is None or resident.disabled_at is not None:
                mail = self._no_account(request)
            elif resident.sign_in_method != SignInMethod.PASSWORD:
                mail = self._use_your_provider(resident, request)
            elif purpose is Purpose.UNLOCK:
                mail = self._unlock(tx, resident, request, now)
            else:
                mail = self._reset_password(tx, resident, request, now)
            self._mail_queue.send(tx, mail)
            Audit(tx).record(
                event,
                now,
                resident_id=resident.id if resident else None,
                client_id=request.continuation.client_id or None,
                ip_address=request.visitor.ip_address,
            )
        return Requested.MAILED

    def _no_account(self, request: RecoveryRequest) -> Mail:
        continuation = request.continuation
        to = Recipient(request.address.display, request.language, continuation.city_id or None)
        return messages.no_account(to, sign_up_link=self._mail_links.to("/sign-up", continuation))

    def _use_your_provider(self, resident: Resident, request: RecoveryRequest) -> Mail:
        return messages.use_your_provider(
            recipient_of(resident, request.continuation.city_id),
            provider=resident.sign_in_method,
            sign_in_link=self._mail_links.to("/sign-in", request.continuation),
        )

    def _unlock(self, tx: Transaction, resident: Resident, request: RecoveryRequest, now: datetime) -> Mail:
        lockout, continuation = Lockout(tx, self._secret_keys), request.continuation
        to = recipient_of(resident, continuation.city_id)
        status = lockout.worst_status(request.address.key, now)
        if status is Status.OPEN:
            sign_in_link = self._mail_links.to("/sign-in", continuation)
            reset_link = self._mail_links.to("/forgot-password", continuation)
            return messages.account_not_locked(to, sign_in_link=sign_in_link, reset_link=reset_link)
        if status is Status.STOPPED:
            # What is stopped is so until there is a new password (NIST SP 800-63B-4 §3.2.2).
            return self._reset_password(tx, resident, request, now)
        link = self._mail_links.issue(tx, Purpose.UNLOCK, resident.id, continuation, now)
        return messages.unlock_account(to, link=link)

    def _reset_password(
        self, tx: Transaction, resident: Resident, request: RecoveryRequest, now: datetime
    ) -> Mail:
        to = recipient_of(resident, request.continuation.city_id)
        link = self._mail_links.issue(tx, Purpose.RESET_PASSWORD, resident.id, request.continuation, now)
        return messages.reset_password(to, link=link)
