"""Creating a resident from an account at a provider, and signing the resident in.

Every verb that ends this journey uses it, in its own transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.continuation import Continuation
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView, ProviderAccount
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.federated_identities.store import FederatedIdentities, IdentityTakenError
from identity.residents.lockout.store import Lockout
from identity.residents.sessions.lifecycle import Proof, SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.sign_in_alerts import SignInAlerts

# The registered values (RFC 8176 §2). Others are left out: `amr` says how the person authenticated, and which
# provider it was does not.
_AMR = frozenset(
    "face fpt geo hwk iris kba mca mfa otp pin pop pwd rba retina sc sms swk tel user vbm wia".split()  # noqa: SIM905 - reads like the list it is
)
_AMR_CHARACTERS = 64


@dataclass(frozen=True)
class SignInCompleted:
    """The resident is signed in."""

    # For the session's cookie.
    secret: str
    remembered: bool
    # The sign-in method: the provider's key.
    method: str
    email_key: str | None
    # For the device's cookie.
    device_generation: int
    continuation: Continuation


@dataclass(frozen=True)
class SignInAgain:
    """The resident exists, but the provider's callback is too old for a session to begin on it."""

    continuation: Continuation


@dataclass(frozen=True)
class OtherMethod:
    """The address is proved, and belongs to a resident who signs in another way (product decision 1)."""

    email: str
    method: str
    continuation: Continuation


class ProvisionResident:
    """Creates residents and signs them in, in the caller's transaction."""

    def __init__(self, secret_keys: SecretKeys, sessions: SessionLifecycle, alerts: SignInAlerts) -> None:
        self._secret_keys, self._sessions, self._alerts = secret_keys, sessions, alerts

    def create_resident(
        self,
        tx: Transaction,
        account: ProviderAccount,
        *,
        address: Address,
        given_name: str,
        family_name: str,
        language: str,
        continuation: Continuation,
        now: datetime,
    ) -> Resident:
        """Create a resident with a verified address, who signs in with this account at the provider only.

        Raises `AddressTakenError`, after which the transaction may go on, and `IdentityTakenError`, after
        which it must not. A pending registration of the same address can no longer be verified: it is taken.
        """
        try:
            resident = Accounts(tx).create(
                address=address,
                address_verified=True,
                sign_in_method=account.provider,
                given_name=given_name,
                family_name=family_name,
                language=language,
                city_id=continuation.city_id or None,
                now=now,
            )
        except AddressTakenError:
            if self.has_resident(tx, account):
                raise IdentityTakenError from None
            raise
        FederatedIdentities(tx).add_identity(
            account.issuer, account.subject, resident.id, account.provider_email, now
        )
        # Failures counted before the resident existed do not lock them out.
        Lockout(tx, self._secret_keys).clear_failures(address.key)
        Audit(tx).record(Event.REGISTRATION_VERIFIED, now, resident_id=resident.id, method=account.provider)
        return resident

    def has_resident(self, tx: Transaction, account: ProviderAccount) -> bool:
        """Return whether the account has a resident, such as one created in another tab meanwhile."""
        return FederatedIdentities(tx).find_identity(account.issuer, account.subject) is not None

    def create_from_pending(
        self, tx: Transaction, pending: FirstSignInView, continuation: Continuation, now: datetime
    ) -> Resident:
        """Create the resident of a complete first sign-in; raises as `create_resident` does."""
        address = pending.address
        if address is None:
            raise LookupError("a first sign-in without an address")
        resident = self.create_resident(
            tx,
            pending.account,
            address=address,
            given_name=pending.given_name,
            family_name=pending.family_name,
            language=pending.language,
            continuation=continuation,
            now=now,
        )
        if not FirstSignIns(tx).claim_completion(pending, now):
            # Completed, deleted or with another address since it was read: begun anew, it is found as it is.
            raise IdentityTakenError
        return resident

    def finish(
        self,
        tx: Transaction,
        pending: FirstSignInView,
        continuation: Continuation,
        browser: RequestingBrowser,
        now: datetime,
    ) -> SignInCompleted | SignInAgain | OtherMethod:
        """Create the resident of a complete first sign-in, and sign them in if the callback is fresh.

        Raises `IdentityTakenError`, after which the transaction must not go on.
        """
        try:
            resident = self.create_from_pending(tx, pending, continuation, now)
        except AddressTakenError:
            owner = Accounts(tx).by_email_key(pending.email_key or "")
            method = owner.sign_in_method if owner else pending.provider
            return OtherMethod(pending.email or "", method, continuation)
        if not pending.is_fresh(now):
            return SignInAgain(continuation)
        return self.sign_in(tx, resident, pending.amr.split(), browser, continuation, now)

    def sign_in(
        self,
        tx: Transaction,
        resident: Resident,
        amr: Sequence[str],
        browser: RequestingBrowser,
        continuation: Continuation,
        now: datetime,
    ) -> SignInCompleted:
        """Sign the resident in, under a new secret, whatever session the browser had."""
        known_generation = browser.device_generation_of(resident.email_key or "")
        proof = Proof(
            resident_id=resident.id,
            amr=amr,
            remember_me=False,
            current=browser.current,
            client_id=continuation.client_id or None,
            user_agent=browser.visitor.user_agent,
            ip_address=browser.visitor.ip_address,
            is_new_device=known_generation != resident.device_generation,
        )
        session = self._sessions.begin_or_continue(tx, proof, now, method=resident.sign_in_method)
        self._alerts.mail_if_new(tx, resident, proof, session, continuation, now)
        return SignInCompleted(
            session.secret,
            session.remembered,
            resident.sign_in_method,
            resident.email_key,
            resident.device_generation,
            continuation,
        )


def amr_text(upstream: Sequence[str]) -> str:
    """Return the registered values of the provider's `amr`, as they are stored."""
    return " ".join(value for value in dict.fromkeys(upstream) if value in _AMR)[:_AMR_CHARACTERS]
