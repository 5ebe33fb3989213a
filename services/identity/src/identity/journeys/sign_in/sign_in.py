"""The verb "Sign in"."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.journeys.sign_in.mail import Notices
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.lockout import origins
from identity.residents.lockout.store import Lockout, LockoutState
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.lifecycle import Proof, SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.continuation import Continuation
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor

PASSWORD_AMR = ("pwd",)  # RFC 8176


@dataclass(frozen=True)
class Attempt:
    """What was typed, and by which browser."""

    address: Address
    password: str
    remember_me: bool
    # This browser's identifier, if this address has signed in with it before.
    device_id: str | None
    # The live session of this browser, if any.
    current: SignedIn | None
    continuation: Continuation
    visitor: Visitor


@dataclass(frozen=True)
class SignedInNow:
    """The resident is in."""

    # For the session's cookie.
    secret: str
    remembered: bool


class UnableToSignIn:
    """Whatever the reason: wrong, unknown, locked, not verified, disabled, or another sign-in method."""


@dataclass(frozen=True)
class _Candidate:
    """Whom the address may belong to."""

    lockout_state: LockoutState
    resident_id: str | None
    password_hash: str | None


class SignIn:
    """Signs residents in by password, one Argon2id hash an attempt whoever asks."""

    def __init__(  # noqa: PLR0913 - names what it depends on
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        rate_limiter: RateLimiter,
        notices: Notices,
        sessions: SessionLifecycle,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._rate_limiter = rate_limiter
        self._notices = notices
        self._sessions = sessions

    def sign_in(self, attempt: Attempt) -> SignedInNow | UnableToSignIn:
        """Check the password and begin a session, or count the failure.

        The attempt is counted before the password is looked at, so that guesses made at once cannot exceed
        the limits; a right password takes the count back. No transaction is open while the hash is computed.
        """
        now = self._clock.now()
        origin = (
            origins.device(attempt.device_id)
            if attempt.device_id
            else origins.network(attempt.visitor.ip_address)
        )
        candidate = self._count_and_find(attempt.address.key, origin, now)
        known_hash = candidate.password_hash if candidate.lockout_state.is_open else None
        is_right = self._hasher.verify(known_hash, attempt.password)
        if not is_right or known_hash is None or candidate.resident_id is None:
            self._refuse(attempt, candidate, origin, now)
            return UnableToSignIn()
        stronger = self._hasher.hash(attempt.password) if self._hasher.needs_rehash(known_hash) else None
        with self._storage.transaction() as tx:
            Lockout(tx, self._secret_keys).clear(attempt.address.key, origin)
            if stronger:
                Passwords(tx).rehash(candidate.resident_id, known_hash, stronger)
            return self._begin(tx, attempt, candidate.resident_id, now)

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

    def _count_and_find(self, email_key: str, origin: str, now: datetime) -> _Candidate:
        with self._storage.transaction() as tx:
            lockout_state = Lockout(tx, self._secret_keys).attempt(email_key, origin, now)
            resident = Accounts(tx).by_email_key(email_key)
            if resident is None:
                return _Candidate(lockout_state, None, None)
            password_hash = Passwords(tx).hash_of(resident.id)
            usable = password_hash if resident.disabled_at is None else None
            return _Candidate(lockout_state, resident.id, usable)

    def _refuse(self, attempt: Attempt, candidate: _Candidate, origin: str, now: datetime) -> None:
        # Asked for every address, so that it takes the same time for all.
        may_hint = self._rate_limiter.allows(Action.MAIL_HINT, attempt.address.key)
        with self._storage.transaction() as tx:
            Audit(tx).record(
                Event.SIGN_IN_FAILED if candidate.lockout_state.is_open else Event.SIGN_IN_LOCKED,
                now,
                resident_id=candidate.resident_id,
                client_id=attempt.continuation.client_id or None,
                ip_address=attempt.visitor.ip_address,
            )
            resident = Accounts(tx).get(candidate.resident_id) if candidate.resident_id else None
            if resident is None or resident.disabled_at is not None:
                return
            if candidate.lockout_state.just_locked:
                stopped = not Lockout(tx, self._secret_keys).state(attempt.address.key, origin, now).until
                self._notices.locked(tx, resident, attempt.continuation, now, for_good=stopped)
            elif may_hint:
                self._notices.other_method(tx, resident, attempt.continuation)

    def _begin(self, tx: Transaction, attempt: Attempt, resident_id: str, now: datetime) -> SignedInNow:
        proof = Proof(
            resident_id=resident_id,
            amr=PASSWORD_AMR,
            remember_me=attempt.remember_me,
            current=attempt.current,
            client_id=attempt.continuation.client_id or None,
            user_agent=attempt.visitor.user_agent,
            ip_address=attempt.visitor.ip_address,
        )
        session = self._sessions.begin_or_continue(tx, proof, now)
        return SignedInNow(session.secret, session.remembered)
