"""The verbs for a new address at the provider: keep ours, or change it once our mail has verified it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from identity.account_events import AccountEvents, AddressChanged
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.email_verification.code_tries import CodeTries
from identity.email_verification.mail import VerificationMailQueue
from identity.mail import messages
from identity.mail.messages import Recipient
from identity.mail.queue import MailQueue
from identity.mail.store import RefusedAddresses
from identity.rate_limits.limiter import RateLimiter
from identity.rate_limits.mail_budget import Asker, MailBudget, Place, Topic
from identity.residents.accounts.addresses import Address, InvalidAddressError, parse
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.federated_identities.store import FederatedIdentities
from identity.residents.one_time_codes.store import CHANGE_ADDRESS, CodeResult, OneTimeCodes
from identity.residents.sessions.store import Sessions
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.current_session import SignedIn
from identity.web.mail_links import MailLinks, stand_in
from identity.web.visitor import Visitor

# Product decision 9: an address is changed only soon after a sign-in.
_AUTHENTICATED_WITHIN = timedelta(minutes=15)
# A code for the address lives no longer, nor does its mail.
_LATELY = timedelta(minutes=20)


class CodeRequest(StrEnum):
    """The outcome of asking for a code to the new address."""

    # If the address's budget has a place.
    MAILED = "mailed"
    # The last sign-in was too long ago.
    SIGN_IN_AGAIN = "sign_in_again"
    # The provider's address was accepted, kept or changed meanwhile.
    NOT_OFFERED = "not_offered"


@dataclass(frozen=True)
class _OfferedAddress:
    resident: Resident
    address: Address


class EmailChange:
    """Changes a resident's address to the one that their provider names."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        rate_limiter: RateLimiter,
        mail_budget: MailBudget,
        verification_mail_queue: VerificationMailQueue,
        mail_queue: MailQueue,
        mail_links: MailLinks,
        account_events: AccountEvents,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._mail_budget = mail_budget
        self._verification_mail_queue = verification_mail_queue
        self._mail_queue = mail_queue
        self._mail_links = mail_links
        self._account_events = account_events
        # Apart from registrations: a stranger's sign-ups for this address use up none of these tries.
        self._tries = CodeTries("change", rate_limiter)

    def offered_address(self, current: SignedIn) -> str:
        """Return the address that the resident may change to; empty if there is none."""
        with self._storage.transaction() as tx:
            offer = self._offer(tx, current)
            return offer.address.display if offer else ""

    def is_refused(self, offered: str) -> bool:
        """Return whether the mail server refused mail for the offered address lately."""
        with self._storage.transaction() as tx:
            refusal = RefusedAddresses(tx).find_refusal(parse(offered).key)
        return refusal is not None and self._clock.now() < refusal.refused_at + _LATELY

    def keep_address(self, current: SignedIn) -> None:
        """Keep ours, and do not ask again until the provider's changes; a code that was mailed is void."""
        with self._storage.transaction() as tx:
            if offer := self._offer(tx, current):
                subject = _subject(current, offer.address)
                OneTimeCodes(tx, self._secret_keys).delete_code(CHANGE_ADDRESS, subject)
            FederatedIdentities(tx).close_offer(current.resident_id)

    def request_code(self, current: SignedIn, visitor: Visitor) -> CodeRequest:
        """Mail a code to the new address, whether or not the provider verified it."""
        now = self._clock.now()
        if now >= current.authenticated_at + _AUTHENTICATED_WITHIN:
            return CodeRequest.SIGN_IN_AGAIN
        with self._storage.transaction() as tx:
            offer = self._offer(tx, current)
        if offer is None:
            return CodeRequest.NOT_OFFERED
        with self._storage.transaction() as tx:
            place = self._mail_budget.claim_place(
                tx, Topic.VERIFICATION, offer.address.key, Asker(visitor.ip_address), now
            )
            subject = _subject(current, offer.address)
            if not place.is_granted:
                subject = stand_in(self._secret_keys, CHANGE_ADDRESS, subject)
            code = OneTimeCodes(tx, self._secret_keys).issue_code(CHANGE_ADDRESS, subject, now)
            self._mail_code(tx, offer, code, subject, place)
        return CodeRequest.MAILED

    def confirm(self, current: SignedIn, code: str, visitor: Visitor) -> CodeResult:
        """Change the address if the code is right, in the session that asked for it, and mail the old one."""
        with self._storage.transaction() as tx:
            offer = self._offer(tx, current)
        if offer is None:
            return CodeResult.EXPIRED
        if not self._tries.claim_try(offer.address.key, visitor.ip_address):
            return CodeResult.TOO_MANY
        result = self._change(current, code, visitor)
        if result is CodeResult.RIGHT:
            self._tries.give_back_try(offer.address.key, visitor.ip_address)
        return result

    def _change(self, current: SignedIn, code: str, visitor: Visitor) -> CodeResult:
        now = self._clock.now()
        with self._storage.transaction() as tx:
            held = Accounts(tx).hold_active(current.resident_id)
            offer = self._offer(tx, current)
            if held is None or offer is None or not Sessions(tx).is_live(current.sid, now):
                return CodeResult.EXPIRED
            result = OneTimeCodes(tx, self._secret_keys).claim_code(
                CHANGE_ADDRESS, _subject(current, offer.address), code, now
            )
            if result is not CodeResult.RIGHT:
                return result
            before = offer.resident.email
            try:
                Accounts(tx).change_address(offer.resident.id, offer.address, now)
            except AddressTakenError:
                return CodeResult.EXPIRED
            FederatedIdentities(tx).close_offer(offer.resident.id)
            if before:
                self._mail_address_changed(tx, offer, before)
                changed = AddressChanged(offer.resident.id, old=before, new=offer.address.display)
                self._account_events.publish(tx, changed)
            Audit(tx).record(
                Event.PROFILE_CHANGED,
                now,
                resident_id=offer.resident.id,
                session_id=current.sid,
                ip_address=visitor.ip_address,
                what="email",
            )
        return result

    def _mail_code(
        self, tx: Transaction, offer: _OfferedAddress, code: str, subject: str, place: Place
    ) -> None:
        resident, continuation = offer.resident, Continuation(city_id=offer.resident.city_id or "")
        to = Recipient(offer.address.display, resident.language, resident.city_id)
        mail = messages.verify_new_address(to, code=code, code_subject=subject)
        self._verification_mail_queue.send_unless_taken(tx, offer.address.key, mail, continuation, place)

    def _mail_address_changed(self, tx: Transaction, offer: _OfferedAddress, before: str) -> None:
        resident = offer.resident
        mail = messages.address_changed(
            Recipient(before, resident.language, resident.city_id),
            new_address=offer.address.display,
            provider=resident.sign_in_method,
            sign_in_link=self._mail_links.to("/sign-in", Continuation(city_id=resident.city_id or "")),
        )
        self._mail_queue.send(tx, mail)

    def _offer(self, tx: Transaction, current: SignedIn) -> _OfferedAddress | None:
        known = FederatedIdentities(tx).of_resident(current.resident_id)
        resident = Accounts(tx).get(current.resident_id)
        if known is None or resident is None or not known.offered_email:
            return None
        try:
            return _OfferedAddress(resident, parse(known.offered_email))
        except InvalidAddressError:
            return None


def _subject(current: SignedIn, address: Address) -> str:
    """Return what the code is bound to: the address, which may change again at the provider, and the session.

    Only the browser that asked for the code may type it.
    """
    bound_to = f"{current.resident_id}\0{address.key}\0{current.sid}"
    return hashlib.sha256(bound_to.encode()).hexdigest()[:32]
