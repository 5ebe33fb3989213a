"""The verb that takes what was missing of a first sign-in."""

from dataclasses import dataclass, replace

from identity.clock import Clock
from identity.continuation import Continuations
from identity.journeys.federation.mail import unverified_address
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView
from identity.journeys.federation.provision import (
    OtherMethod,
    ProvisionResident,
    SignInAgain,
    SignInCompleted,
)
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.federated_identities.store import IdentityTakenError
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.address_verification import AddressVerification


@dataclass(frozen=True)
class MissingDetails:
    """What was filled in."""

    given_name: str
    family_name: str
    # None where the provider proved one.
    address: Address | None


class VerificationMailed:
    """A mail is on its way; nothing is created before it is answered."""


class TooManyMails:
    """This address was mailed too often in the last hour; nothing was written."""


class CompleteDetails:
    """Completes first sign-ins."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        rate_limiter: RateLimiter,
        continuations: Continuations,
        provision: ProvisionResident,
        verification: AddressVerification,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._continuations = continuations
        self._provision = provision
        self._verification = verification

    def find(self, pending_id: str, browser: RequestingBrowser) -> FirstSignInView | None:
        """Return the first sign-in if this browser came back with it, pending or just completed."""
        if not browser.secret:
            return None
        with self._storage.transaction() as tx:
            return FirstSignIns(tx).of_browser(pending_id, digest(browser.secret), self._clock.now())

    def complete(
        self, pending: FirstSignInView, filled: MissingDetails, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod | VerificationMailed | TooManyMails:
        """Make the resident where the address is proved; otherwise mail the address first."""
        address = pending.address if pending.email_proved else filled.address
        if address is None:
            raise LookupError("the form asks for an address unless there is one")
        full = replace(
            pending,
            email=address.display,
            email_key=address.key,
            given_name=filled.given_name,
            family_name=filled.family_name,
        )
        if pending.email_proved:
            return self._create(full, browser)
        if not self._rate_limiter.allows_mail(address.key, browser.visitor.ip_address):
            return TooManyMails()
        continuation = self._continuations.read(pending.continuation)
        with self._storage.transaction() as tx:
            # The earlier link and code, which prove the earlier address, die in the same transaction.
            FirstSignIns(tx).fill_in(pending.id, address, filled.given_name, filled.family_name)
            unverified = unverified_address(full, address, continuation)
            self._verification.send_link_and_code(tx, unverified, self._clock.now())
        return VerificationMailed()

    def _create(
        self, pending: FirstSignInView, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod:
        now, continuation = self._clock.now(), self._continuations.read(pending.continuation)
        try:
            with self._storage.transaction() as tx:
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
            # In another tab, a moment ago.
            return SignInAgain(continuation)
