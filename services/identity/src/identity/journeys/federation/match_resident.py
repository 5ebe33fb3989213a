"""Finding the resident of a verified callback by (issuer, subject) and nothing else, or creating one."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.email_verification.verification import EmailVerification, OpenLink
from identity.identity_providers.provider import ProviderIdentity
from identity.journeys.federation.attempt_store import Attempt
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView, ProviderAccount
from identity.journeys.federation.provision import (
    OtherMethod,
    ProvisionResident,
    SignInCompleted,
    amr_text,
)
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.residents.accounts.addresses import Address, InvalidAddressError, parse
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.federated_identities.store import (
    FederatedIdentities,
    IdentityTakenError,
    KnownIdentity,
)
from identity.secret_keys import digest
from identity.storage import Storage, Transaction


@dataclass(frozen=True)
class VerifiedCallback:
    """A verified authorization response and the attempt that it answers. Holds personal data."""

    identity: ProviderIdentity
    # When it came, before the provider was asked what it means.
    answered_at: datetime
    attempt: Attempt
    # As read from the attempt.
    continuation: Continuation
    browser: RequestingBrowser

    @cached_property
    def account(self) -> ProviderAccount:
        """The account at the provider."""
        identity = self.identity
        return ProviderAccount(
            provider=self.attempt.provider,
            issuer=identity.issuer,
            subject=identity.subject,
            provider_email=identity.email,
            amr=amr_text(identity.amr),
        )

    @cached_property
    def address(self) -> Address | None:
        """The address that the provider named, if it is one."""
        return _parse_address(self.identity.email)


@dataclass(frozen=True)
class AddressUnverified:
    """A first sign-in whose address only our mail can verify; the mail is queued."""

    pending_id: str
    continuation: Continuation


@dataclass(frozen=True)
class DetailsMissing:
    """A first sign-in that lacks a name or an address."""

    pending_id: str
    continuation: Continuation


class ResidentDisabled:
    """The resident may not sign in."""


class AnswerRevoked:
    """The provider reported meanwhile that it may have been another person, or the account is gone."""


class MatchResident:
    """Signs known residents in, and creates new ones or stores what they lack."""

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

    def match(
        self, callback: VerifiedCallback
    ) -> (
        SignInCompleted | AddressUnverified | DetailsMissing | OtherMethod | ResidentDisabled | AnswerRevoked
    ):
        """Sign the resident in, or say what keeps them from it."""
        try:
            outcome = self._match_once(callback)
        except IdentityTakenError:
            # A concurrent first sign-in of the same account has committed: this one is a later sign-in.
            outcome = self._match_once(callback)
        return self._request_details(outcome, callback) if isinstance(outcome, FirstSignInView) else outcome

    def _match_once(
        self, callback: VerifiedCallback
    ) -> SignInCompleted | FirstSignInView | OtherMethod | ResidentDisabled | AnswerRevoked:
        with self._storage.transaction() as tx:
            known = FederatedIdentities(tx).find_identity(callback.account.issuer, callback.account.subject)
            if known:
                return self._later_sign_in(tx, known, callback)
            return self._complete_by_link(tx, callback) or self._first_sign_in(tx, callback)

    def _later_sign_in(
        self, tx: Transaction, known: KnownIdentity, callback: VerifiedCallback
    ) -> SignInCompleted | ResidentDisabled | AnswerRevoked:
        resident = Accounts(tx).hold_active(known.resident_id)
        if resident is None:
            self._record_refusal(tx, callback, known.resident_id, "disabled")
            return ResidentDisabled()
        identities = FederatedIdentities(tx)
        if not identities.claim_use(known, callback.answered_at, self._clock.now()):
            self._record_refusal(tx, callback, known.resident_id, "revoked")
            return AnswerRevoked()
        self._note_new_address(identities, known, callback, resident)
        return self._sign_in(tx, resident, callback)

    @staticmethod
    def _note_new_address(
        identities: FederatedIdentities, known: KnownIdentity, callback: VerifiedCallback, resident: Resident
    ) -> None:
        """Offer an address that the provider did not name before; ours stays until the resident accepts."""
        address, before = callback.address, _parse_address(known.provider_email)
        if address and (before is None or address.key != before.key):
            is_new = address.key != resident.email_key
            identities.note_address(known, address.display, address.display if is_new else None)

    def _complete_by_link(self, tx: Transaction, callback: VerifiedCallback) -> SignInCompleted | None:
        """Complete a first sign-in whose mailed link led here from another browser; None if none did.

        The link proves the mailbox and the callback the account: they belong together only if the mail was
        sent for this very account (docs/decisions/0015).
        """
        link = self._verification.find_link_in(tx, callback.attempt.secrets.link_token, browser_secret=None)
        if not isinstance(link, OpenLink) or not _is_same_account(link.pending.account, callback.account):
            return None
        if not self._verification.claim_link(tx, link):
            return None
        pending, now = link.pending, self._clock.now()
        continuation = self._continuations.read(pending.continuation)
        try:
            resident = self._provision.create_from_pending(tx, pending, continuation, now)
        except AddressTakenError:
            return None
        return self._sign_in(tx, resident, callback)

    def _first_sign_in(
        self, tx: Transaction, callback: VerifiedCallback
    ) -> SignInCompleted | FirstSignInView | OtherMethod:
        identity, address = callback.identity, callback.address
        given_name, family_name = identity.given_name or "", identity.family_name or ""
        is_verified = address is not None and identity.email_verified
        if address and is_verified and (owner := Accounts(tx).by_email_key(address.key)):
            if self._provision.has_resident(tx, callback.account):
                raise IdentityTakenError
            self._record_refusal(tx, callback, owner.id, "other_method")
            return OtherMethod(address.display, owner.sign_in_method, callback.continuation)
        if address and is_verified and given_name and family_name:
            return self._create_resident(tx, callback, address, given_name, family_name)
        return FirstSignIns(tx).add_pending(
            callback.account,
            address=address,
            address_proved=is_verified,
            given_name=given_name,
            family_name=family_name,
            language=callback.attempt.language,
            continuation=callback.attempt.continuation,
            browser_digest=digest(callback.browser.secret or ""),
            now=self._clock.now(),
        )

    def _create_resident(
        self, tx: Transaction, callback: VerifiedCallback, address: Address, given_name: str, family_name: str
    ) -> SignInCompleted:
        try:
            resident = self._provision.create_resident(
                tx,
                callback.account,
                address=address,
                given_name=given_name,
                family_name=family_name,
                language=callback.attempt.language,
                continuation=callback.continuation,
                now=self._clock.now(),
            )
        except AddressTakenError:
            # At this very moment; the second round finds out by which account.
            raise IdentityTakenError from None
        return self._sign_in(tx, resident, callback)

    def _sign_in(self, tx: Transaction, resident: Resident, callback: VerifiedCallback) -> SignInCompleted:
        amr = callback.account.amr.split()
        return self._provision.sign_in(
            tx, resident, amr, callback.browser, callback.continuation, self._clock.now()
        )

    def _request_details(
        self, pending: FirstSignInView, callback: VerifiedCallback
    ) -> AddressUnverified | DetailsMissing:
        """Mail a complete first sign-in at once."""
        if pending.address is None or pending.email_proved or not pending.is_complete:
            return DetailsMissing(pending.id, callback.continuation)
        with self._storage.transaction() as tx:
            self._verification.send(tx, pending, callback.continuation, callback.browser.visitor)
        return AddressUnverified(pending.id, callback.continuation)

    def _record_refusal(
        self, tx: Transaction, callback: VerifiedCallback, resident_id: str, why: str
    ) -> None:
        Audit(tx).record(
            Event.SIGN_IN_FAILED,
            self._clock.now(),
            resident_id=resident_id,
            client_id=callback.continuation.client_id or None,
            ip_address=callback.browser.visitor.ip_address,
            why=why,
        )


def _is_same_account(one: ProviderAccount, other: ProviderAccount) -> bool:
    return (one.issuer, one.subject) == (other.issuer, other.subject)


def _parse_address(text: str | None) -> Address | None:
    try:
        return parse(text) if text else None
    except InvalidAddressError:
        return None
