"""The verbs that answer the mail to an address which no provider has proved."""

from dataclasses import dataclass
from enum import StrEnum

from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.journeys.federation.mail import unverified_address
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView
from identity.journeys.federation.provision import (
    OtherMethod,
    ProvisionResident,
    SignInAgain,
    SignInCompleted,
)
from identity.journeys.federation.requesting_browser import RequestingBrowser
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

Done = SignInCompleted | SignInAgain | OtherMethod


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

    def look(self, token: str, browser: RequestingBrowser) -> Seen:
        """Tell what the link asks for. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            return self._look(tx, token, browser)[0]

    def by_link(self, token: str, browser: RequestingBrowser) -> Seen | Done:
        """Verify by the link, in the browser that waits; any other is told what to do instead."""
        with self._storage.transaction() as tx:
            seen, pending = self._look(tx, token, browser)
        if pending is None or seen.step is not Step.CONFIRM:
            return seen
        return self._become_resident(pending, browser, token=token) or Seen(
            Step.ALREADY_VERIFIED, seen.email, seen.provider, seen.continuation
        )

    def by_code(
        self, pending: FirstSignInView, code: str, browser: RequestingBrowser
    ) -> tuple[CodeResult, Done | None]:
        """Verify by the code that was typed into the page that waits."""
        with self._storage.transaction() as tx:
            # By itself, so that a wrong code counts whatever comes next.
            result = OneTimeCodes(tx, self._secret_keys).claim_code(
                _PURPOSE, pending.id, code, self._clock.now()
            )
        if result is not CodeResult.RIGHT:
            return result, None
        return result, self._become_resident(pending, browser)

    def send_again(self, pending: FirstSignInView, visitor: Visitor) -> Resent:
        """Mail a new link and code; the ones before die."""
        address = pending.address
        if pending.completed_at is not None or address is None:
            return Resent.GONE
        if not self._rate_limiter.allows(Action.MAIL_AGAIN, pending.id):
            return Resent.TOO_SOON
        if not self._rate_limiter.allows_mail(address.key, visitor.ip_address):
            return Resent.TOO_MANY
        now, continuation = self._clock.now(), self._continuations.read(pending.continuation)
        with self._storage.transaction() as tx:
            FirstSignIns(tx).prolong(pending.id, now)
            self._verification.send_link_and_code(tx, unverified_address(pending, address, continuation), now)
        return Resent.SENT

    def send_new_link(self, token: str, visitor: Visitor) -> Resent:
        """Mail a new link to whoever holds one that expired or was replaced: it went to that mailbox."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, _PURPOSE, self._clock.now())
            pending = FirstSignIns(tx).get(link.subject) if link.subject else None
        if pending is None or link.status not in (LinkStatus.EXPIRED, LinkStatus.REPLACED):
            return Resent.GONE
        return self.send_again(pending, visitor)

    def _look(
        self, tx: Transaction, token: str, browser: RequestingBrowser
    ) -> tuple[Seen, FirstSignInView | None]:
        link = ActionLinks(tx).find_link(token, _PURPOSE, self._clock.now())
        pending = FirstSignIns(tx).get(link.subject) if link.subject else None
        if pending is None:
            continuation = self._continuations.read(link.continuation) if link.continuation else None
            return Seen(Step.UNKNOWN, continuation=continuation), None
        is_here = bool(browser.secret) and digest(browser.secret or "") == pending.browser_digest
        step = _STEPS.get(link.status) or (Step.CONFIRM if is_here else Step.SIGN_IN)
        # In the browser that waits to the page that was asked for, elsewhere to the start of that website.
        signed = pending.continuation if is_here else link.continuation
        seen = Seen(step, pending.email or "", pending.provider, self._continuations.read(signed))
        return seen, pending

    def _become_resident(
        self, pending: FirstSignInView, browser: RequestingBrowser, token: str = ""
    ) -> Done | None:
        """Spend link and code and make the resident; None if the link was spent a moment ago."""
        now, continuation = self._clock.now(), self._continuations.read(pending.continuation)
        try:
            with self._storage.transaction() as tx:
                links = ActionLinks(tx)
                if token and links.claim_link(token, _PURPOSE, now).status is not LinkStatus.VALID:
                    return None
                links.spend_open_link(_PURPOSE, pending.id, now)
                OneTimeCodes(tx, self._secret_keys).delete_code(_PURPOSE, pending.id)
                try:
                    resident = self._provision.complete(tx, pending, continuation, now)
                except AddressTakenError:
                    owner = Accounts(tx).by_email_key(pending.email_key or "")
                    method = owner.sign_in_method if owner else pending.provider
                    return OtherMethod(pending.email or "", method, continuation)
                if not pending.is_fresh(now):
                    return SignInAgain(continuation)
                return self._provision.enter(tx, resident, pending.amr.split(), browser, continuation, now)
        except IdentityTakenError:
            return SignInAgain(continuation)
