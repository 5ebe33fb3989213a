"""The verb "Sign up": stores the form and mails its address, alike for free and for taken ones."""

from dataclasses import dataclass, replace

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.email_verification.verification import EmailVerification
from identity.journeys.registration.store import PendingRegistrations, PendingRegistrationView
from identity.relying_parties.clients import RegisteredCity
from identity.residents.accounts.addresses import parse
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class SignUpDetails:
    """The submitted details. Holds personal data and a password."""

    email: str
    password: str
    given_name: str
    family_name: str


@dataclass(frozen=True)
class WeakPassword:
    """The policy refuses the password; nothing was written."""

    problems: list[PasswordProblem]


@dataclass(frozen=True)
class VerificationMailed:
    """The registration is pending, and a mail is queued if the address's budget has a place."""

    pending_id: str
    # For the cookie of this browser (`BrowserBinding`).
    browser_secret: str


class SignUp:
    """Creates pending registrations."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        continuations: Continuations,
        verification: EmailVerification[PendingRegistrationView],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._continuations = continuations
        self._verification = verification

    def password_problems(self, details: SignUpDetails, city: RegisteredCity | None) -> list[PasswordProblem]:
        """Return why the policy refuses the password."""
        context = [details.email, details.given_name, details.family_name, *([city.name] if city else [])]
        return self._policy.problems(details.password, context)

    def sign_up(
        self,
        details: SignUpDetails,
        *,
        city: RegisteredCity | None,
        continuation: Continuation,
        language: str,
        browser_secret: str | None,
        visitor: Visitor,
    ) -> VerificationMailed | WeakPassword:
        """Store the registration as pending and mail its address."""
        if problems := self.password_problems(details, city):
            return WeakPassword(problems)
        address = parse(details.email)
        password_hash = self._hasher.hash(details.password)
        secret = browser_secret or randomness.secret()
        now = self._clock.now()
        with self._storage.transaction() as tx:
            pending = PendingRegistrations(tx).add_pending(
                address=address,
                password_hash=password_hash,
                given_name=details.given_name,
                family_name=details.family_name,
                language=language,
                city_id=city.id if city else None,
                continuation=self._continuations.sign(replace(continuation, reauthenticate=False)),
                browser_digest=digest(secret),
                now=now,
            )
            self._verification.send(tx, pending, continuation, visitor)
            Audit(tx).record(
                Event.REGISTRATION_REQUESTED,
                now,
                client_id=continuation.client_id or None,
                ip_address=visitor.ip_address,
                registration=pending.id,
            )
        return VerificationMailed(pending.id, secret)
