"""The verb "Sign in"."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.journeys.sign_in.mailed_code import MailedCodes
from identity.journeys.sign_in.store import Candidate, Candidates
from identity.mail import messages
from identity.mail.messages import Mail, Recipient
from identity.mail.queue import MailQueue
from identity.rate_limits.limiter import Action, RateLimiter
from identity.rate_limits.mail_budget import Asker, MailBudget, Place, Topic
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.lockout import origins
from identity.residents.lockout.store import Lockout, LockoutState
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords, StoredPassword
from identity.residents.sessions.lifecycle import Proof, SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.current_session import SignedIn
from identity.web.mail_links import MailLinks, stand_in
from identity.web.sign_in_alerts import SignInAlerts
from identity.web.visitor import Visitor

PASSWORD_AMR = ("pwd",)  # RFC 8176


@dataclass(frozen=True)
class Attempt:
    """What was typed, and in which browser. Holds a password and personal data."""

    address: Address
    password: str
    remember_me: bool
    # This browser's identifier, if this address has signed in with it before.
    device_id: str | None
    # The generation of devices with which it did so.
    device_generation: int | None
    # The live session of this browser, if any.
    current: SignedIn | None
    continuation: Continuation
    visitor: Visitor
    # Of this browser, for a sign-in that needs a mailed code too (`BrowserBinding`).
    browser_secret: str


@dataclass(frozen=True)
class SignedInNow:
    """The resident is signed in. Holds a secret."""

    # For the session's cookie.
    secret: str
    remembered: bool
    # For the device's cookie.
    device_generation: int


class UnableToSignIn:
    """For every reason: wrong, unknown, locked, not verified, disabled, or another sign-in method."""


@dataclass(frozen=True)
class _Counted:
    """An attempt that is counted as failed until its password is right."""

    origin: str
    lockout_state: LockoutState
    candidate: Candidate


class SignIn:
    """Signs residents in by password: one hash for each attempt, with or without an account."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        rate_limiter: RateLimiter,
        mail_budget: MailBudget,
        mail_queue: MailQueue,
        mail_links: MailLinks,
        mailed_codes: MailedCodes,
        sessions: SessionLifecycle,
        alerts: SignInAlerts,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._rate_limiter = rate_limiter
        self._mail_budget = mail_budget
        self._mail_queue = mail_queue
        self._mail_links = mail_links
        self._mailed_codes = mailed_codes
        self._sessions = sessions
        self._alerts = alerts

    def sign_in(self, attempt: Attempt) -> SignedInNow | UnableToSignIn:
        """Check the password and begin a session, or count the failure.

        The attempt is counted before the password is looked at, so that guesses made at once cannot exceed
        the limits; a right password takes the count back. After too many failures a right password makes a
        code go to the resident (`MailedCodes`), with the answer of a wrong one. No transaction is open while
        the hash is computed.
        """
        now = self._clock.now()
        counted = self._find_and_count(attempt, now)
        known, is_open = counted.candidate.password, counted.lockout_state.is_open
        is_right = self._hasher.verify(known.hash if known else None, attempt.password)
        signed_in = self._begin(attempt, counted, now) if is_right and is_open else None
        if signed_in is None:
            needs_code = is_right and known is not None and not is_open
            self._refuse(attempt, counted, known.hash if known and needs_code else None, now)
            return UnableToSignIn()
        return signed_in

    def email_of(self, resident_id: str) -> str:
        """Return a resident's address, for the form that asks them to prove themselves again."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(resident_id)
            return (resident.email or "") if resident else ""

    def method_of(self, resident_id: str) -> str:
        """Return how a resident signs in: the only way in which they can prove themselves again."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(resident_id)
            return resident.sign_in_method if resident else SignInMethod.PASSWORD

    def _find_and_count(self, attempt: Attempt, now: datetime) -> _Counted:
        """Find the account and count the attempt: the same three statements for every address.

        Each commits by itself, so that attempts at one address do not wait for one another. What is read is
        looked at again where a session begins (`_begin`).
        """
        key = attempt.address.key
        with self._storage.autocommit() as connection:
            candidate = Candidates(connection).find_candidate(
                key, stand_in(self._secret_keys, "password", key)
            )
            # A device is a stranger's where its resident's devices were forgotten since it was used.
            is_known = candidate.resident_id and candidate.device_generation == attempt.device_generation
            origin = origins.origin_of(attempt.device_id if is_known else None, attempt.visitor.ip_address)
            lockout_state = Lockout(connection, self._secret_keys).count_attempt(key, origin, now)
        return _Counted(origin, lockout_state, candidate)

    def _refuse(self, attempt: Attempt, counted: _Counted, verified_hash: str | None, now: datetime) -> None:
        """Record the failure and mail what applies; `verified_hash` is there if only a code is missing."""
        # Asked for every address, so that it takes the same time for all.
        may_hint = self._rate_limiter.allows(Action.MAIL_HINT, attempt.address.key)
        lockout_state, resident_id = counted.lockout_state, counted.candidate.resident_id
        offer = None
        if not lockout_state.is_open:
            offer = self._mailed_codes.prepare(attempt.address, attempt.browser_secret, verified_hash)
        details = {"code": "mailed"} if offer and offer.is_mailed else {}
        with self._storage.transaction() as tx:
            Audit(tx).record(
                Event.SIGN_IN_FAILED if lockout_state.is_open else Event.SIGN_IN_LOCKED,
                now,
                resident_id=resident_id,
                client_id=attempt.continuation.client_id or None,
                ip_address=attempt.visitor.ip_address,
                # Tells accounts apart, also those that do not exist: passwords may be tried on many.
                account=self._secret_keys.keyed_digest("audit account", attempt.address.key)[:16],
                **details,
            )
            resident = Accounts(tx).get(
                resident_id or stand_in(self._secret_keys, "resident", attempt.address.key)
            )
            if offer:
                self._mailed_codes.mail(tx, offer, resident, attempt.continuation, attempt.remember_me, now)
            if may_hint or lockout_state.just_locked or lockout_state.just_stopped:
                self._mail(tx, attempt, resident, lockout_state, now)

    def _mail(
        self,
        tx: Transaction,
        attempt: Attempt,
        resident: Resident | None,
        lockout_state: LockoutState,
        now: datetime,
    ) -> None:
        """Tell a resident what locks or stops, or that they sign in through a provider (product decision 1).

        The statements are the same for every address: where there is nothing to tell, for a stand-in.
        """
        key, is_news = attempt.address.key, lockout_state.just_locked or lockout_state.just_stopped
        is_active = resident is not None and resident.disabled_at is None
        has_password = resident is not None and resident.sign_in_method == SignInMethod.PASSWORD
        asker = Asker(attempt.visitor.ip_address, attempt.device_id is not None)
        place = self._mail_budget.claim_place(
            tx, Topic.NOTICE, key, asker, now, is_wanted=is_active and has_password == is_news
        )
        other = stand_in(self._secret_keys, "lock" if is_news else "hint", key)
        subject = resident.id if resident and place.is_granted and is_news else other
        purpose = Purpose.RESET_PASSWORD if lockout_state.just_stopped else Purpose.UNLOCK
        link = self._mail_links.issue(tx, purpose, subject, attempt.continuation, now, place.link_lifetime)
        mail = self._compose(attempt, resident, lockout_state, link, place)
        self._mail_queue.send_requested(tx, mail, place)

    def _compose(
        self,
        attempt: Attempt,
        resident: Resident | None,
        lockout_state: LockoutState,
        link: str,
        place: Place,
    ) -> Mail:
        city_id = attempt.continuation.city_id
        if resident is None or resident.sign_in_method == SignInMethod.PASSWORD:
            to = (
                recipient_of(resident, city_id)
                if resident
                else Recipient(attempt.address.display, "en", None)
            )
            is_stopped = lockout_state.just_stopped
            message = messages.account_stopped if is_stopped else messages.account_locked
            return message(to, link=link, lifetime=place.link_lifetime)
        sign_in_link = self._mail_links.to("/sign-in", attempt.continuation)
        return messages.use_your_provider(
            recipient_of(resident, city_id), provider=resident.sign_in_method, sign_in_link=sign_in_link
        )

    def _begin(self, attempt: Attempt, counted: _Counted, now: datetime) -> SignedInNow | None:
        """Begin a session if the verified password is still the resident's; None if not.

        It was read before the hash: it may have been reset, or the resident disabled, meanwhile.
        """
        resident_id, verified = counted.candidate.resident_id, counted.candidate.password
        if resident_id is None or verified is None:
            return None
        stronger = self._hasher.hash(attempt.password) if self._hasher.needs_rehash(verified.hash) else None
        with self._storage.transaction() as tx:
            passwords = Passwords(tx)
            resident = Accounts(tx).hold_active(resident_id)
            if resident is None or not self._is_same(passwords.find_password(resident_id), verified):
                return None
            Lockout(tx, self._secret_keys).record_sign_in(
                attempt.address.key, counted.origin, counted.lockout_state.origin_class, now
            )
            if stronger:
                passwords.rehash(resident_id, verified.hash, stronger)
            proof = _proof(attempt, resident)
            session = self._sessions.begin_or_continue(tx, proof, now)
            self._alerts.mail_if_new(tx, resident, proof, session, attempt.continuation, now)
            return SignedInNow(session.secret, session.remembered, resident.device_generation)

    def _is_same(self, stored: StoredPassword | None, verified: StoredPassword) -> bool:
        """Tell whether it is the same password, which another sign-in may just have rehashed."""
        if stored is None or stored.hash == verified.hash:
            return stored is not None
        return self._hasher.needs_rehash(verified.hash) and stored.changed_at == verified.changed_at


def _proof(attempt: Attempt, resident: Resident) -> Proof:
    return Proof(
        resident_id=resident.id,
        amr=PASSWORD_AMR,
        remember_me=attempt.remember_me,
        current=attempt.current,
        client_id=attempt.continuation.client_id or None,
        user_agent=attempt.visitor.user_agent,
        ip_address=attempt.visitor.ip_address,
        is_new_device=attempt.device_generation != resident.device_generation,
    )
