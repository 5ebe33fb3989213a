"""The verbs that answer the mail: by its link, in the browser that asked or in another, or by its code."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.journeys.registration.store import Pending, PendingRegistrations
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.lockout.store import Lockout
from identity.residents.one_time_codes.store import CodeResult, OneTimeCodes
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.residents.passwords.store import Passwords
from identity.secret_keys import SecretKeys, digest
from identity.storage import Storage, Transaction
from identity.web.visitor import Visitor


class Step(StrEnum):
    """Where a mailed link leads."""

    # This browser asked: its cookie proves the person, one click is enough.
    CONFIRM = "confirm"
    # Another browser: whoever holds the mailbox chooses the password anew.
    CHOOSE_PASSWORD = "choose_password"  # noqa: S105 - a step
    # Just now, by this very request.
    VERIFIED = "verified"
    ALREADY_VERIFIED = "already_verified"
    EXPIRED = "expired"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verification:
    """A registration as its link sees it. Address and continuation are empty when the link is unknown."""

    step: Step
    email: str = ""
    continuation: Continuation | None = None
    # What is wrong with the password chosen in another browser; the link stays good.
    problems: tuple[PasswordProblem, ...] = ()


class Verify:
    """Turns a pending registration into a resident."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        continuations: Continuations,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._continuations = continuations

    def look(self, token: str, browser_secret: str | None) -> Verification:
        """Tell what the link asks for. Changes nothing: mail scanners open links too."""
        return self._look(token, browser_secret)[0]

    def by_link(
        self,
        token: str,
        browser_secret: str | None,
        password: str | None,
        city_name: str,
        visitor: Visitor,
    ) -> Verification:
        """Verify by the link. In another browser than the one that asked, `password` becomes the password.

        So whoever registered somebody else's address beforehand never gets in with a password of theirs.
        """
        seen, pending = self._look(token, browser_secret)
        if pending is None or seen.step not in (Step.CONFIRM, Step.CHOOSE_PASSWORD):
            return seen
        password_hash = pending.password_hash
        if seen.step is Step.CHOOSE_PASSWORD:
            if password is None:
                return seen
            context = [pending.email, pending.given_name, pending.family_name, city_name]
            if problems := self._policy.problems(password, context):
                return Verification(seen.step, seen.email, seen.continuation, tuple(problems))
            password_hash = self._hasher.hash(password)
        now = self._clock.now()
        with self._storage.transaction() as tx:
            claimed = ActionLinks(tx).claim_link(token, Purpose.VERIFY_REGISTRATION, now)
            if claimed.status is not LinkStatus.VALID:
                return self._seen(Step.ALREADY_VERIFIED, pending)
            OneTimeCodes(tx, self._secret_keys).delete_code(Purpose.VERIFY_REGISTRATION, pending.id)
            return self._become_resident(tx, pending, password_hash, visitor, now)

    def by_code(
        self, pending: Pending, code: str, visitor: Visitor
    ) -> tuple[CodeResult, Verification | None]:
        """Verify by the code that was typed into the page that waits, in the browser that asked."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            codes = OneTimeCodes(tx, self._secret_keys)
            result = codes.claim_code(Purpose.VERIFY_REGISTRATION, pending.id, code, now)
            if result is not CodeResult.RIGHT:
                return result, None
            if Accounts(tx).by_email_key(pending.email_key) is not None:
                # The code was never mailed, so it was guessed: no answer that a wrong one would not get.
                return CodeResult.WRONG, None
            ActionLinks(tx).spend_open_link(Purpose.VERIFY_REGISTRATION, pending.id, now)
            return result, self._become_resident(tx, pending, pending.password_hash, visitor, now)

    def _look(self, token: str, browser_secret: str | None) -> tuple[Verification, Pending | None]:
        now = self._clock.now()
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, Purpose.VERIFY_REGISTRATION, now)
            pending = PendingRegistrations(tx).get(link.subject) if link.subject else None
            if pending is None:
                return Verification(Step.UNKNOWN), None
            taken = Accounts(tx).by_email_key(pending.email_key) is not None
        if taken or link.status is LinkStatus.SPENT:
            step = Step.ALREADY_VERIFIED
        elif link.status is LinkStatus.REPLACED:
            step = Step.REPLACED
        elif link.status is LinkStatus.EXPIRED:
            step = Step.EXPIRED
        else:
            same = browser_secret is not None and digest(browser_secret) == pending.browser_digest
            step = Step.CONFIRM if same else Step.CHOOSE_PASSWORD
        return self._seen(step, pending), pending

    def _become_resident(
        self, tx: Transaction, pending: Pending, password_hash: str, visitor: Visitor, now: datetime
    ) -> Verification:
        try:
            resident = Accounts(tx).create(
                address=Address(display=pending.email, key=pending.email_key),
                address_verified=True,
                sign_in_method=SignInMethod.PASSWORD,
                given_name=pending.given_name,
                family_name=pending.family_name,
                language=pending.language,
                city_id=pending.city_id,
                now=now,
            )
        except AddressTakenError:
            return self._seen(Step.ALREADY_VERIFIED, pending)
        Passwords(tx).set_password(resident.id, password_hash, now)
        PendingRegistrations(tx).confirm(pending.id, now)
        # Failures counted before there was an account were nobody's.
        Lockout(tx, self._secret_keys).clear_failures(pending.email_key)
        Audit(tx).record(
            Event.REGISTRATION_VERIFIED,
            now,
            resident_id=resident.id,
            ip_address=visitor.ip_address,
            registration=pending.id,
        )
        return self._seen(Step.VERIFIED, pending)

    def _seen(self, step: Step, pending: Pending) -> Verification:
        return Verification(step, pending.email, self._continuations.read(pending.continuation))
