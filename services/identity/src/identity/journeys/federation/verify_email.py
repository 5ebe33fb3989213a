"""The verbs that answer the mail to an address which no provider has proved."""

from dataclasses import dataclass
from enum import StrEnum

from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.journeys.federation.mail import unverified_address
from identity.journeys.federation.pending_store import FirstSignIns, Waiting
from identity.journeys.federation.provision import Entered, OtherMethod, ProvisionResident, SignInAgain
from identity.journeys.federation.requesting_browser import Asking
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.federated_identities.store import IdentityTakenError
from identity.residents.one_time_codes.store import CodeResult, OneTimeCodes
from identity.secret_keys import SecretKeys, digest
from identity.storage import Storage, Transaction
from identity.web.address_verification import AddressVerification
from identity.web.visitor import Visitor

_PURPOSE = Purpose.VERIFY_FEDERATION


class Step(StrEnum):
    """Where a mailed link leads."""

    # This browser waits: its cookie proves the person, one click is enough.
    CONFIRM = "confirm"
    # Another browser: the provider has to say once more who it is.
    SIGN_IN = "sign_in"
    ALREADY_VERIFIED = "already_verified"
    EXPIRED = "expired"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


class Resent(StrEnum):
    """What became of "Send it again"."""

    SENT = "sent"
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"
    # Nothing to send: completed meanwhile, or the link says nothing to us.
    GONE = "gone"


@dataclass(frozen=True)
class Seen:
    """A first sign-in as its mailed link sees it."""

    step: Step
    email: str = ""
    provider: str = ""
    continuation: Continuation | None = None


_STEPS = {
    LinkStatus.SPENT: Step.ALREADY_VERIFIED,
    LinkStatus.EXPIRED: Step.EXPIRED,
    LinkStatus.REPLACED: Step.REPLACED,
    LinkStatus.UNKNOWN: Step.UNKNOWN,
}

Done = Entered | SignInAgain | OtherMethod


class VerifyAddress:
    """Turns a first sign-in into a resident once its address is proved."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        rate_limiter: RateLimiter,
        continuations: Continuations,
        provision: ProvisionResident,
        verification: AddressVerification,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._continuations = continuations
        self._provision = provision
        self._verification = verification

    def look(self, token: str, asking: Asking) -> Seen:
        """Tell what the link asks for. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            return self._look(tx, token, asking)[0]

    def by_link(self, token: str, asking: Asking) -> Seen | Done:
        """Verify by the link, in the browser that waits; any other is told what to do instead."""
        with self._storage.transaction() as tx:
            seen, waiting = self._look(tx, token, asking)
        if waiting is None or seen.step is not Step.CONFIRM:
            return seen
        return self._become_resident(waiting, asking, token=token) or Seen(
            Step.ALREADY_VERIFIED, seen.email, seen.provider, seen.continuation
        )

    def by_code(self, waiting: Waiting, code: str, asking: Asking) -> tuple[CodeResult, Done | None]:
        """Verify by the code that was typed into the page that waits."""
        with self._storage.transaction() as tx:
            # By itself, so that a wrong code counts whatever comes next.
            result = OneTimeCodes(tx, self._secret_keys).claim_code(
                _PURPOSE, waiting.id, code, self._clock.now()
            )
        if result is not CodeResult.RIGHT:
            return result, None
        return result, self._become_resident(waiting, asking)

    def send_again(self, waiting: Waiting, visitor: Visitor) -> Resent:
        """Mail a new link and code; the ones before die."""
        address = waiting.address
        if waiting.completed_at is not None or address is None:
            return Resent.GONE
        if not self._rate_limiter.allows(Action.MAIL_AGAIN, waiting.id):
            return Resent.TOO_SOON
        if not self._rate_limiter.allows_mail(address.key, visitor.ip_address):
            return Resent.TOO_MANY
        now, continuation = self._clock.now(), self._continuations.read(waiting.continuation)
        with self._storage.transaction() as tx:
            FirstSignIns(tx).prolong(waiting.id, now)
            self._verification.send_link_and_code(tx, unverified_address(waiting, address, continuation), now)
        return Resent.SENT

    def send_new_link(self, token: str, visitor: Visitor) -> Resent:
        """Mail a new link to whoever holds one that expired or was replaced: it went to that mailbox."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, _PURPOSE, self._clock.now())
            waiting = FirstSignIns(tx).get(link.subject) if link.subject else None
        if waiting is None or link.status not in (LinkStatus.EXPIRED, LinkStatus.REPLACED):
            return Resent.GONE
        return self.send_again(waiting, visitor)

    def _look(self, tx: Transaction, token: str, asking: Asking) -> tuple[Seen, Waiting | None]:
        link = ActionLinks(tx).find_link(token, _PURPOSE, self._clock.now())
        waiting = FirstSignIns(tx).get(link.subject) if link.subject else None
        if waiting is None:
            continuation = self._continuations.read(link.continuation) if link.continuation else None
            return Seen(Step.UNKNOWN, continuation=continuation), None
        is_here = bool(asking.secret) and digest(asking.secret or "") == waiting.browser_digest
        step = _STEPS.get(link.status) or (Step.CONFIRM if is_here else Step.SIGN_IN)
        # In the browser that waits to the page that was asked for, elsewhere to the start of that website.
        signed = waiting.continuation if is_here else link.continuation
        seen = Seen(step, waiting.email or "", waiting.provider, self._continuations.read(signed))
        return seen, waiting

    def _become_resident(self, waiting: Waiting, asking: Asking, token: str = "") -> Done | None:
        """Spend link and code and make the resident; None if the link was spent a moment ago."""
        now, continuation = self._clock.now(), self._continuations.read(waiting.continuation)
        try:
            with self._storage.transaction() as tx:
                links = ActionLinks(tx)
                if token and links.claim_link(token, _PURPOSE, now).status is not LinkStatus.VALID:
                    return None
                links.spend_open_link(_PURPOSE, waiting.id, now)
                OneTimeCodes(tx, self._secret_keys).delete_code(_PURPOSE, waiting.id)
                try:
                    resident = self._provision.complete(tx, waiting, continuation, now)
                except AddressTakenError:
                    owner = Accounts(tx).by_email_key(waiting.email_key or "")
                    method = owner.sign_in_method if owner else waiting.provider
                    return OtherMethod(waiting.email or "", method, continuation)
                if not waiting.is_fresh(now):
                    return SignInAgain(continuation)
                return self._provision.enter(tx, resident, waiting.amr.split(), asking, continuation, now)
        except IdentityTakenError:
            return SignInAgain(continuation)
