"""What becomes of somebody whom a provider has named: a new resident, and a session.

Used by every verb that ends this journey, within its transaction.
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

# The registered values (RFC 8176 §2). A provider that says nothing, or speaks another language, leaves `amr`
# empty: that it was a provider does not tell how.
_AMR = frozenset(
    "face fpt geo hwk iris kba mca mfa otp pin pop pwd rba retina sc sms swk tel user vbm wia".split()  # noqa: SIM905 - reads like the list it is
)
_AMR_CHARACTERS = 64


@dataclass(frozen=True)
class SignInCompleted:
    """The resident is in."""

    # For the session's cookie.
    secret: str
    remembered: bool
    # The sign-in method: the provider's key.
    method: str
    email_key: str | None
    continuation: Continuation


@dataclass(frozen=True)
class SignInAgain:
    """The resident exists now, but the provider's word is too old to begin a session on."""

    continuation: Continuation


@dataclass(frozen=True)
class OtherMethod:
    """The address is proved, and belongs to a resident who signs in another way (product decision 1)."""

    email: str
    method: str
    continuation: Continuation


class ProvisionResident:
    """Makes residents and begins their sessions, in the caller's transaction."""

    def __init__(self, secret_keys: SecretKeys, sessions: SessionLifecycle) -> None:
        self._secret_keys, self._sessions = secret_keys, sessions

    def create(
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
        """Make a resident whose address is verified and whose only way in is this account at the provider.

        Raises `AddressTakenError`, after which the transaction goes on, and `IdentityTakenError`, after which
        it must not. A registration with a password that waits for the same address can become nothing any
        more: the address is taken.
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
            if self.is_known(tx, account):
                raise IdentityTakenError from None
            raise
        FederatedIdentities(tx).add_identity(
            account.issuer, account.subject, resident.id, account.provider_email, now
        )
        # Failures counted before there was an account were nobody's.
        Lockout(tx, self._secret_keys).clear_failures(address.key)
        Audit(tx).record(Event.REGISTRATION_VERIFIED, now, resident_id=resident.id, method=account.provider)
        return resident

    def is_known(self, tx: Transaction, account: ProviderAccount) -> bool:
        """Tell whether this very person became a resident meanwhile, such as in another tab."""
        return FederatedIdentities(tx).find_identity(account.issuer, account.subject) is not None

    def complete(
        self, tx: Transaction, pending: FirstSignInView, continuation: Continuation, now: datetime
    ) -> Resident:
        """Make a resident of a first sign-in that lacks nothing any more; raises as `create` does."""
        address = pending.address
        if address is None:
            raise LookupError("a first sign-in without an address")
        resident = self.create(
            tx,
            pending.account,
            address=address,
            given_name=pending.given_name,
            family_name=pending.family_name,
            language=pending.language,
            continuation=continuation,
            now=now,
        )
        FirstSignIns(tx).complete(pending.id, now)
        return resident

    def enter(
        self,
        tx: Transaction,
        resident: Resident,
        amr: Sequence[str],
        asking: RequestingBrowser,
        continuation: Continuation,
        now: datetime,
    ) -> SignInCompleted:
        """Sign the resident in, under a new secret, whatever session the browser had."""
        proof = Proof(
            resident_id=resident.id,
            amr=amr,
            remember_me=False,
            current=asking.current,
            client_id=continuation.client_id or None,
            user_agent=asking.visitor.user_agent,
            ip_address=asking.visitor.ip_address,
        )
        session = self._sessions.begin_or_continue(tx, proof, now, method=resident.sign_in_method)
        return SignInCompleted(
            session.secret, session.remembered, resident.sign_in_method, resident.email_key, continuation
        )


def amr_text(upstream: Sequence[str]) -> str:
    """Return what the provider said of how it knew the person, as it is stored."""
    return " ".join(value for value in dict.fromkeys(upstream) if value in _AMR)[:_AMR_CHARACTERS]
