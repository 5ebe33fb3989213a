"""The verb that completes a first sign-in with what the resident adds: a name, an address."""

from dataclasses import dataclass, replace

from identity.clock import Clock
from identity.continuation import Continuations
from identity.email_verification.verification import EmailVerification
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
from identity.residents.federated_identities.store import IdentityTakenError
from identity.storage import Storage


@dataclass(frozen=True)
class MissingDetails:
    """What the resident submitted. Holds personal data."""

    given_name: str
    family_name: str
    # None where the provider verified one.
    address: Address | None


class VerificationMailed:
    """A mail is queued; the resident is created once it is answered."""


class TooManyMails:
    """This address was mailed too often in the last hour; nothing was written."""


class CompleteDetails:
    """Completes first sign-ins."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        rate_limiter: RateLimiter,
        continuations: Continuations,
        provision: ProvisionResident,
        verification: EmailVerification[FirstSignInView],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._continuations = continuations
        self._provision = provision
        self._verification = verification

    def complete(
        self, pending: FirstSignInView, details: MissingDetails, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod | VerificationMailed | TooManyMails:
        """Create the resident if the provider verified the address; otherwise mail the address first.

        Raises LookupError if neither the provider nor the resident named an address.
        """
        address = pending.address if pending.email_proved else details.address
        if address is None:
            raise LookupError("the form asks for an address unless there is one")
        completed = replace(
            pending,
            email=address.display,
            email_key=address.key,
            given_name=details.given_name,
            family_name=details.family_name,
        )
        if pending.email_proved:
            return self._finish(completed, browser)
        if not self._rate_limiter.allows_mail(address.key, browser.visitor.ip_address):
            return TooManyMails()
        with self._storage.transaction() as tx:
            # The link and code to an earlier address are replaced in the same transaction.
            FirstSignIns(tx).set_details(pending.id, address, details.given_name, details.family_name)
            self._verification.send(tx, completed, self._continuations.read(pending.continuation))
        return VerificationMailed()

    def _finish(
        self, pending: FirstSignInView, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod:
        continuation = self._continuations.read(pending.continuation)
        try:
            with self._storage.transaction() as tx:
                return self._provision.finish(tx, pending, continuation, browser, self._clock.now())
        except IdentityTakenError:
            # In another tab, a moment ago.
            return SignInAgain(continuation)
