"""The verb "Sign in"."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.journeys.sign_in.mailed_code import MailedCodes
from identity.mail import messages
from identity.mail.queue import MailQueue
from identity.rate_limits.limiter import Action, RateLimiter
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
from identity.web.mail_links import MailLinks
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
class _Candidate:
    """The account of the address, if any, and its lockout."""

    lockout_state: LockoutState
    resident_id: str | None
    password: StoredPassword | None


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
        origin = origins.origin_of(self._known_device(attempt), attempt.visitor.ip_address)
        candidate = self._count_and_find(attempt.address.key, origin, now)
        known, lockout_state = candidate.password, candidate.lockout_state
        is_right = self._hasher.verify(known.hash if known else None, attempt.password)
        signed_in = None
        if is_right and lockout_state.is_open:
            signed_in = self._begin(attempt, candidate, origin, now)
        if signed_in is None:
            needs_code = is_right and known is not None and not lockout_state.is_open
            self._refuse(attempt, candidate, known.hash if known and needs_code else None, now)
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

    def _known_device(self, attempt: Attempt) -> str | None:
        """Return the browser's identifier unless its resident's devices were forgotten since it was used."""
        if attempt.device_id is None:
            return None
        with self._storage.transaction() as tx:
            resident = Accounts(tx).by_email_key(attempt.address.key)
            is_known = resident is not None and resident.device_generation == attempt.device_generation
            return attempt.device_id if is_known else None

    def _count_and_find(self, email_key: str, origin: str, now: datetime) -> _Candidate:
        with self._storage.transaction() as tx:
            lockout_state = Lockout(tx, self._secret_keys).count_attempt(email_key, origin, now)
            resident = Accounts(tx).by_email_key(email_key)
            if resident is None:
                return _Candidate(lockout_state, None, None)
            password = Passwords(tx).find_password(resident.id)
            usable = password if resident.disabled_at is None else None
            return _Candidate(lockout_state, resident.id, usable)

    def _refuse(
        self, attempt: Attempt, candidate: _Candidate, verified_hash: str | None, now: datetime
    ) -> None:
        """Record the failure and mail what applies; `verified_hash` is there if only a code is missing."""
        # Asked for every address, so that it takes the same time for all.
        may_hint = self._rate_limiter.allows(Action.MAIL_HINT, attempt.address.key)
        offer = None
        if not candidate.lockout_state.is_open:
            offer = self._mailed_codes.prepare(attempt.address, attempt.browser_secret, verified_hash)
        details = {"code": "mailed"} if offer and offer.is_mailed else {}
        with self._storage.transaction() as tx:
            Audit(tx).record(
                Event.SIGN_IN_FAILED if candidate.lockout_state.is_open else Event.SIGN_IN_LOCKED,
                now,
                resident_id=candidate.resident_id,
                client_id=attempt.continuation.client_id or None,
                ip_address=attempt.visitor.ip_address,
                # Tells accounts apart, also those that do not exist: passwords may be tried on many.
                account=self._secret_keys.keyed_digest("audit account", attempt.address.key)[:16],
                **details,
            )
            resident = Accounts(tx).get(candidate.resident_id) if candidate.resident_id else None
            if offer:
                self._mailed_codes.mail(tx, offer, resident, attempt.continuation, attempt.remember_me, now)
            if resident is None or resident.disabled_at is not None:
                return
            has_password = resident.sign_in_method == SignInMethod.PASSWORD
            is_news = candidate.lockout_state.just_locked or candidate.lockout_state.just_stopped
            if has_password and is_news:
                self._mail_lock(
                    tx,
                    resident,
                    attempt.continuation,
                    now,
                    is_stopped=candidate.lockout_state.just_stopped,
                )
            elif not has_password and may_hint and not is_news:
                self._mail_method(tx, resident, attempt.continuation)

    def _mail_lock(
        self,
        tx: Transaction,
        resident: Resident,
        continuation: Continuation,
        now: datetime,
        *,
        is_stopped: bool,
    ) -> None:
        """Tell a resident that sign-ins wait, or that a password alone no longer signs in elsewhere."""
        to = recipient_of(resident, continuation.city_id)
        purpose = Purpose.RESET_PASSWORD if is_stopped else Purpose.UNLOCK
        message = messages.account_stopped if is_stopped else messages.account_locked
        link = self._mail_links.issue(tx, purpose, resident.id, continuation, now)
        self._mail_queue.send(tx, message(to, link=link))

    def _mail_method(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        """Tell a resident who typed a password that they sign in through a provider (product decision 1)."""
        mail = messages.use_your_provider(
            recipient_of(resident, continuation.city_id),
            provider=resident.sign_in_method,
            sign_in_link=self._mail_links.to("/sign-in", continuation),
        )
        self._mail_queue.send(tx, mail)

    def _begin(
        self, attempt: Attempt, candidate: _Candidate, origin: str, now: datetime
    ) -> SignedInNow | None:
        """Begin a session if the verified password is still the resident's; None if not.

        It was read in an earlier transaction: it may have been reset, or the resident disabled, meanwhile.
        """
        resident_id, verified = candidate.resident_id, candidate.password
        if resident_id is None or verified is None:
            return None
        stronger = self._hasher.hash(attempt.password) if self._hasher.needs_rehash(verified.hash) else None
        with self._storage.transaction() as tx:
            passwords = Passwords(tx)
            resident = Accounts(tx).hold_active(resident_id)
            if resident is None or not self._is_same(passwords.find_password(resident_id), verified):
                return None
            Lockout(tx, self._secret_keys).record_sign_in(
                attempt.address.key, origin, candidate.lockout_state.origin_class, now
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
