"""The verb "Sign up": from a filled-in form to a mail, alike for new and known addresses."""

from dataclasses import dataclass, replace

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.journeys.registration.mail import unverified_address
from identity.journeys.registration.store import Pending, PendingRegistrations
from identity.rate_limits.limiter import RateLimiter
from identity.relying_parties.clients import RegisteredCity
from identity.residents.accounts.addresses import parse
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.address_verification import AddressVerification
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class Form:
    """What was filled in."""

    email: str
    password: str
    given_name: str
    family_name: str


@dataclass(frozen=True)
class WeakPassword:
    """The password is not accepted; nothing was written."""

    problems: list[PasswordProblem]


class TooManyMails:
    """This address was mailed too often in the last hour; nothing was written."""


@dataclass(frozen=True)
class Waiting:
    """A mail is on its way."""

    registration_id: str
    # For the cookie that proves this browser.
    browser_secret: str


class SignUp:
    """Begins a registration."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        rate_limiter: RateLimiter,
        continuations: Continuations,
        verification: AddressVerification,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._rate_limiter = rate_limiter
        self._continuations = continuations
        self._verification = verification

    def before(self, registration_id: str, browser_secret: str | None) -> Pending | None:
        """Return what this browser filled in before and wants to change."""
        if not browser_secret:
            return None
        with self._storage.transaction() as tx:
            return PendingRegistrations(tx).of_browser(
                registration_id, digest(browser_secret), self._clock.now()
            )

    def weaknesses(self, form: Form, city: RegisteredCity | None) -> list[PasswordProblem]:
        """Return what is wrong with the password, also of a form whose other fields are still wrong."""
        context = [form.email, form.given_name, form.family_name, *([city.name] if city else [])]
        return self._policy.problems(form.password, context)

    def sign_up(
        self,
        form: Form,
        *,
        city: RegisteredCity | None,
        continuation: Continuation,
        language: str,
        browser_secret: str | None,
        visitor: Visitor,
    ) -> Waiting | WeakPassword | TooManyMails:
        """Store the registration as pending and mail its address."""
        if problems := self.weaknesses(form, city):
            return WeakPassword(problems)
        address = parse(form.email)
        if not self._rate_limiter.allows_mail(address.key, visitor.ip_address):
            return TooManyMails()
        password_hash = self._hasher.hash(form.password)
        secret = browser_secret or randomness.secret()
        now = self._clock.now()
        with self._storage.transaction() as tx:
            pending = PendingRegistrations(tx).add(
                email=address.display,
                email_key=address.key,
                password_hash=password_hash,
                given_name=form.given_name,
                family_name=form.family_name,
                language=language,
                city_id=city.id if city else None,
                continuation=self._continuations.sign(
                    replace(continuation, login_hint="", reauthenticate=False)
                ),
                browser_digest=digest(secret),
                now=now,
            )
            self._verification.send_link_and_code(tx, unverified_address(pending, continuation), now)
            Audit(tx).record(
                Event.REGISTRATION_REQUESTED,
                now,
                client_id=continuation.client_id or None,
                ip_address=visitor.ip_address,
                registration=pending.id,
            )
        return Waiting(pending.id, secret)
