"""The verb that takes what was missing of a first sign-in."""

from dataclasses import dataclass, replace

from identity.clock import Clock
from identity.continuation import Continuations
from identity.journeys.federation.mail import unverified_address
from identity.journeys.federation.pending_store import FirstSignIns, Waiting
from identity.journeys.federation.provision import Entered, OtherMethod, ProvisionResident, SignInAgain
from identity.journeys.federation.requesting_browser import Asking
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.federated_identities.store import IdentityTakenError
from identity.secret_keys import digest
from identity.storage import Storage
from identity.web.address_verification import AddressVerification


@dataclass(frozen=True)
class Filled:
    """What was filled in."""

    given_name: str
    family_name: str
    # None where the provider proved one.
    address: Address | None


class Mailed:
    """A mail is on its way; nothing is created before it is answered."""


class TooManyMails:
    """This address was mailed too often in the last hour; nothing was written."""


class Complete:
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

    def find(self, waiting_id: str, asking: Asking) -> Waiting | None:
        """Return the first sign-in if this browser came back with it, waiting or just completed."""
        if not asking.secret:
            return None
        with self._storage.transaction() as tx:
            return FirstSignIns(tx).of_browser(waiting_id, digest(asking.secret), self._clock.now())

    def complete(
        self, waiting: Waiting, filled: Filled, asking: Asking
    ) -> Entered | SignInAgain | OtherMethod | Mailed | TooManyMails:
        """Make the resident where the address is proved; otherwise mail the address first."""
        address = waiting.address if waiting.email_proved else filled.address
        if address is None:
            raise LookupError("the form asks for an address unless there is one")
        full = replace(
            waiting,
            email=address.display,
            email_key=address.key,
            given_name=filled.given_name,
            family_name=filled.family_name,
        )
        if waiting.email_proved:
            return self._create(full, asking)
        if not self._rate_limiter.allows_mail(address.key, asking.visitor.ip_address):
            return TooManyMails()
        continuation = self._continuations.read(waiting.continuation)
        with self._storage.transaction() as tx:
            # The earlier link and code, which prove the earlier address, die in the same transaction.
            FirstSignIns(tx).fill_in(waiting.id, address, filled.given_name, filled.family_name)
            unverified = unverified_address(full, address, continuation)
            self._verification.send_link_and_code(tx, unverified, self._clock.now())
        return Mailed()

    def _create(self, waiting: Waiting, asking: Asking) -> Entered | SignInAgain | OtherMethod:
        now, continuation = self._clock.now(), self._continuations.read(waiting.continuation)
        try:
            with self._storage.transaction() as tx:
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
            # In another tab, a moment ago.
            return SignInAgain(continuation)
