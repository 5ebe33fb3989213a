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
    """A mail is queued if the address's budget has a place; the resident is created once it is answered."""


class CompleteDetails:
    """Completes first sign-ins."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        continuations: Continuations,
        provision: ProvisionResident,
        verification: EmailVerification[FirstSignInView],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._continuations = continuations
        self._provision = provision
        self._verification = verification

    def complete(
        self, pending: FirstSignInView, details: MissingDetails, browser: RequestingBrowser
    ) -> SignInCompleted | SignInAgain | OtherMethod | VerificationMailed:
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
        with self._storage.transaction() as tx:
            FirstSignIns(tx).set_details(pending.id, address, details.given_name, details.family_name)
            if address.key != pending.email_key:
                self._verification.void(tx, pending.id)
            continuation = self._continuations.read(pending.continuation)
            self._verification.send(tx, completed, continuation, browser.visitor)
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
