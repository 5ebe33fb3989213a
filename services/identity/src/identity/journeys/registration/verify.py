"""The verb that turns a pending registration into a resident: by the mailed code, or by the mailed link."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation
from identity.email_verification.owner import VerificationOwner
from identity.email_verification.verification import CodeRefused, EmailVerification, OpenLink
from identity.journeys.registration.store import PendingRegistrations, PendingRegistrationView
from identity.mail.messages import Mail, Recipient, verify_registration
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.action_links.purposes import Purpose
from identity.residents.lockout.store import Lockout
from identity.residents.one_time_codes.store import CodeResult
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.residents.passwords.store import Passwords
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.visitor import Visitor


def _mail(pending: PendingRegistrationView, _continuation: Continuation, /, *, link: str, code: str) -> Mail:
    to = Recipient(pending.email, pending.language, pending.city_id)
    return verify_registration(to, link=link, code=code)


REGISTRATION = VerificationOwner(
    purpose=Purpose.VERIFY_REGISTRATION,
    store=PendingRegistrations,
    mail=_mail,
    is_verified_by_account=True,
)


def asks_for_password(link: OpenLink[PendingRegistrationView]) -> bool:
    """Tell whether the link needs a password: in another browser, and after the registration expired once."""
    return not link.is_same_browser or not link.pending.password_hash


class RegistrationVerified:
    """The resident exists and can sign in."""


class AlreadyVerified:
    """The address has an account since a moment ago; nothing was written."""


@dataclass(frozen=True)
class PasswordNeeded:
    """The code was right, and the registration's password was erased when it expired."""

    # Of a link to the page that asks for one. A secret, good once.
    link_token: str


@dataclass(frozen=True)
class PasswordRefused:
    """The policy refuses the password; the link can still be claimed."""

    problems: list[PasswordProblem]


class VerifyRegistration:
    """Creates residents from pending registrations."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        verification: EmailVerification[PendingRegistrationView],
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._verification = verification

    def by_code(
        self, pending: PendingRegistrationView, code: str, visitor: Visitor
    ) -> RegistrationVerified | AlreadyVerified | CodeRefused | PasswordNeeded:
        """Verify by the code, in the browser that signed up."""
        if not self._verification.claim_try(pending, visitor):
            return CodeRefused(CodeResult.TOO_MANY)
        with self._storage.transaction() as tx:
            result = self._verification.claim_code(tx, pending, code)
            if result is not CodeResult.RIGHT:
                return CodeRefused(result)
            if Accounts(tx).by_email_key(pending.email_key) is not None:
                # A code for a taken address is never mailed: it was guessed, and is answered as a wrong one.
                return CodeRefused(CodeResult.WRONG)
            outcome: RegistrationVerified | AlreadyVerified | PasswordNeeded
            if pending.password_hash:
                outcome = self._create_resident(tx, pending, pending.password_hash, visitor)
            else:
                outcome = PasswordNeeded(self._verification.issue_link(tx, pending))
        self._verification.give_back_try(pending, visitor)
        return outcome

    def by_link(
        self, link: OpenLink[PendingRegistrationView], visitor: Visitor
    ) -> RegistrationVerified | AlreadyVerified:
        """Verify by the link alone. Raises LookupError where it `asks_for_password`."""
        if asks_for_password(link):
            raise LookupError("a password must be chosen")
        return self._claim(link, link.pending.password_hash, visitor)

    def by_link_with_password(
        self, link: OpenLink[PendingRegistrationView], password: str, city_name: str, visitor: Visitor
    ) -> RegistrationVerified | AlreadyVerified | PasswordRefused:
        """Verify by the link with `password`, which replaces the one of the sign-up form.

        The person with the mailbox may not be the one who signed up (docs/decisions/0005).
        """
        pending = link.pending
        context = [pending.email, pending.given_name, pending.family_name, city_name]
        if problems := self._policy.problems(password, context):
            return PasswordRefused(problems)
        return self._claim(link, self._hasher.hash(password), visitor)

    def _claim(
        self, link: OpenLink[PendingRegistrationView], password_hash: str, visitor: Visitor
    ) -> RegistrationVerified | AlreadyVerified:
        with self._storage.transaction() as tx:
            if not self._verification.claim_link(tx, link):
                return AlreadyVerified()
            return self._create_resident(tx, link.pending, password_hash, visitor)

    def _create_resident(
        self, tx: Transaction, pending: PendingRegistrationView, password_hash: str, visitor: Visitor
    ) -> RegistrationVerified | AlreadyVerified:
        now = self._clock.now()
        try:
            resident = Accounts(tx).create(
                address=pending.address,
                address_verified=True,
                sign_in_method=SignInMethod.PASSWORD,
                given_name=pending.given_name,
                family_name=pending.family_name,
                language=pending.language,
                city_id=pending.city_id,
                now=now,
            )
        except AddressTakenError:
            return AlreadyVerified()
        Passwords(tx).set_password(resident.id, password_hash, now)
        PendingRegistrations(tx).mark_verified(pending, now)
        # Failures counted before the account existed do not lock it.
        Lockout(tx, self._secret_keys).clear_failures(pending.email_key)
        self._record(tx, resident.id, pending, visitor, now)
        return RegistrationVerified()

    @staticmethod
    def _record(
        tx: Transaction, resident_id: str, pending: PendingRegistrationView, visitor: Visitor, now: datetime
    ) -> None:
        Audit(tx).record(
            Event.REGISTRATION_VERIFIED,
            now,
            resident_id=resident_id,
            ip_address=visitor.ip_address,
            registration=pending.id,
        )
