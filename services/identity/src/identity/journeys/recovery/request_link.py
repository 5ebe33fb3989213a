"""The verbs "Forgot password?" and "Unlock account?": each mails what applies, to every address alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.mail import messages
from identity.mail.messages import Mail, Recipient
from identity.mail.queue import MailQueue
from identity.rate_limits.mail_budget import Asker, MailBudget, Topic
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.lockout.store import Lockout, Status
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.mail_links import MailLinks, stand_in
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class RecoveryRequest:
    """An address, and the page on which it was typed. Holds personal data."""

    address: Address
    # BCP 47, of the page; used for an address without an account.
    language: str
    continuation: Continuation
    visitor: Visitor
    # The owner of the address has signed in with this browser.
    is_known_device: bool


class RequestRecoveryLink:
    """Mails a recovery link, or what applies instead, to an address.

    The statements are the same for every address and whatever its budget of mails (ASVS 5.0 §6.3.8): what is
    not for it is done for a stand-in.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        mail_budget: MailBudget,
        mail_queue: MailQueue,
        mail_links: MailLinks,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._mail_budget = mail_budget
        self._mail_queue = mail_queue
        self._mail_links = mail_links

    def forgot_password(self, request: RecoveryRequest) -> None:
        """Mail the link to choose a new password, or what applies instead, if its budget has a place."""
        self._mail(request, Event.PASSWORD_RESET_REQUESTED, Topic.RECOVERY, Purpose.RESET_PASSWORD)

    def unlock_account(self, request: RecoveryRequest) -> None:
        """Mail the link that unlocks, or what applies instead, if its budget has a place."""
        self._mail(request, Event.UNLOCK_REQUESTED, Topic.UNLOCK, Purpose.UNLOCK)

    def _mail(self, request: RecoveryRequest, event: Event, topic: Topic, asked: Purpose) -> None:
        now, key = self._clock.now(), request.address.key
        asker = Asker(request.visitor.ip_address, request.is_known_device)
        with self._storage.transaction() as tx:
            place = self._mail_budget.claim_place(tx, topic, key, asker, now)
            resident = Accounts(tx).by_email_key(key)
            needed = self._needed(tx, request, asked, now)
            is_linked = place.is_granted and _has_password(resident) and needed is not None
            made_for = topic if place.is_granted else f"no {topic}"
            other = stand_in(self._secret_keys, made_for, key)
            subject = resident.id if resident and is_linked else other
            link = self._mail_links.issue(
                tx, needed or asked, subject, request.continuation, now, place.link_lifetime
            )
            mail = self._compose(resident, request, needed, link, place.link_lifetime)
            self._mail_queue.send_requested(tx, mail, place)
            Audit(tx).record(
                event,
                now,
                resident_id=resident.id if resident else None,
                client_id=request.continuation.client_id or None,
                ip_address=request.visitor.ip_address,
                mail="queued" if place.is_granted else "none",
            )

    def _needed(
        self, tx: Transaction, request: RecoveryRequest, asked: Purpose, now: datetime
    ) -> Purpose | None:
        """Return what the link for a password's owner does; None to unlock what is not locked."""
        if asked is not Purpose.UNLOCK:
            return asked
        match Lockout(tx, self._secret_keys).worst_status(request.address.key, now):
            case Status.OPEN:
                return None
            case Status.STOPPED:
                # What is stopped is so until there is a new password (NIST SP 800-63B-4 §3.2.2).
                return Purpose.RESET_PASSWORD
            case Status.WAIT:
                return Purpose.UNLOCK

    def _compose(
        self,
        resident: Resident | None,
        request: RecoveryRequest,
        needed: Purpose | None,
        link: str,
        lifetime: timedelta,
    ) -> Mail:
        continuation, links = request.continuation, self._mail_links
        if resident is None or resident.disabled_at is not None:
            to = Recipient(request.address.display, request.language, continuation.city_id or None)
            return messages.no_account(to, sign_up_link=links.to("/sign-up", continuation))
        to, sign_in_link = recipient_of(resident, continuation.city_id), links.to("/sign-in", continuation)
        if not _has_password(resident):
            return messages.use_your_provider(to, provider=resident.sign_in_method, sign_in_link=sign_in_link)
        if needed is None:
            reset_link = links.to("/forgot-password", continuation)
            return messages.account_not_locked(to, sign_in_link=sign_in_link, reset_link=reset_link)
        message = messages.unlock_account if needed is Purpose.UNLOCK else messages.reset_password
        return message(to, link=link, lifetime=lifetime)


def _has_password(resident: Resident | None) -> bool:
    return (
        resident is not None
        and resident.disabled_at is None
        and resident.sign_in_method == SignInMethod.PASSWORD
    )
