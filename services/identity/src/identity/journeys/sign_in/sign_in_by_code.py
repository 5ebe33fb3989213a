"""The verb "Sign in" of a browser whose right password was answered with a code by mail."""

from dataclasses import dataclass

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.journeys.sign_in.sign_in import PASSWORD_AMR, SignedInNow, UnableToSignIn
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.lockout import origins
from identity.residents.lockout.store import Lockout
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.lifecycle import Proof, SessionLifecycle
from identity.residents.sign_in_codes.store import SignInCodes, code_id
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class CodeAttempt:
    """A code that was typed, and in which browser. Holds secrets and personal data."""

    address: Address
    code: str
    # None: a browser in which nothing waits for a code.
    browser_secret: str | None
    device_id: str | None
    # The generation of devices with which it did so.
    device_generation: int | None
    # The live session of this browser, if any.
    current: SignedIn | None
    continuation: Continuation
    visitor: Visitor


class SignInByCode:
    """Signs residents in by the mailed code. The password was compared when the code was mailed."""

    def __init__(
        self, storage: Storage, secret_keys: SecretKeys, clock: Clock, sessions: SessionLifecycle
    ) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._sessions = sessions

    def sign_in(self, attempt: CodeAttempt) -> SignedInNow | UnableToSignIn:
        """Begin a session if the code is right and the password is still the one that was compared.

        Its origin and class of origin begin afresh, and the network is known from now on.
        """
        now, visitor = self._clock.now(), attempt.visitor
        claimed_id = code_id(attempt.browser_secret or "", attempt.address.key)
        with self._storage.transaction() as tx:
            resident = Accounts(tx).by_email_key(attempt.address.key)
            # Held: a reset has come, and the code is of the password before, or it will find the session.
            held = Accounts(tx).hold_active(resident.id if resident else "")
            stored = Passwords(tx).find_password(resident.id if resident else "")
            # A disabled resident has no password that signs in.
            claimed = SignInCodes(tx, self._secret_keys).claim_code(
                claimed_id, attempt.code, stored.hash if held and stored else None, now
            )
            if claimed is None or held is None or resident is None:
                Audit(tx).record(
                    Event.SIGN_IN_FAILED,
                    now,
                    resident_id=resident.id if resident else None,
                    client_id=attempt.continuation.client_id or None,
                    ip_address=visitor.ip_address,
                    account=self._secret_keys.keyed_digest("audit account", attempt.address.key)[:16],
                    code="wrong",
                )
                return UnableToSignIn()
            lockout, origin = (
                Lockout(tx, self._secret_keys),
                origins.origin_of(self._known_device(attempt, held), visitor.ip_address),
            )
            origin_class = lockout.state(attempt.address.key, origin, now).origin_class
            lockout.record_sign_in(attempt.address.key, origin, origin_class, now)
            proof = Proof(
                resident_id=resident.id,
                amr=PASSWORD_AMR,
                remember_me=claimed.remember_me,
                current=attempt.current,
                client_id=attempt.continuation.client_id or None,
                user_agent=visitor.user_agent,
                ip_address=visitor.ip_address,
                is_new_device=attempt.device_generation != held.device_generation,
            )
            session = self._sessions.begin_or_continue(tx, proof, now, code="mailed")
            return SignedInNow(session.secret, session.remembered, held.device_generation)

    @staticmethod
    def _known_device(attempt: CodeAttempt, resident: Resident) -> str | None:
        return attempt.device_id if attempt.device_generation == resident.device_generation else None
