"""Who came back: a resident, by (issuer, subject) and nothing else; or somebody new."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.identity_providers.provider import ProviderIdentity
from identity.journeys.federation.attempt_store import Attempt
from identity.journeys.federation.mail import unverified_address
from identity.journeys.federation.pending_store import FirstSignIns, FirstSignInView, ProviderAccount
from identity.journeys.federation.provision import OtherMethod, ProvisionResident, SignInCompleted, amr_text
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.addresses import Address, InvalidAddressError, parse
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.federated_identities.store import (
    FederatedIdentities,
    IdentityTakenError,
    KnownIdentity,
)
from identity.residents.one_time_codes.store import OneTimeCodes
from identity.secret_keys import SecretKeys, digest
from identity.storage import Storage, Transaction
from identity.web.address_verification import AddressVerification


@dataclass(frozen=True)
class Unfinished:
    """Somebody new, and something is missing."""

    pending_id: str
    # The mail is on its way, and nothing is left to ask for; otherwise the page asks.
    is_mailed: bool
    continuation: Continuation


@dataclass(frozen=True)
class _Newcomer:
    """Somebody whom no resident's row names."""

    account: ProviderAccount
    identity: ProviderIdentity
    address: Address | None
    attempt: Attempt
    continuation: Continuation


class MatchResident:
    """Tells residents from newcomers, and does what each needs."""

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

    def recognise(
        self, provider_key: str, identity: ProviderIdentity, attempt: Attempt, browser: RequestingBrowser
    ) -> SignInCompleted | Unfinished | OtherMethod | None:
        """Let a resident in, make a new one, or note what is missing; None if the resident is disabled."""
        try:
            outcome = self._once(provider_key, identity, attempt, browser)
        except IdentityTakenError:
            # Another first sign-in of the same person won a moment ago: now it is a later one.
            outcome = self._once(provider_key, identity, attempt, browser)
        if isinstance(outcome, FirstSignInView):
            return self._unfinished(outcome, browser)
        return outcome

    def _once(
        self, provider_key: str, identity: ProviderIdentity, attempt: Attempt, browser: RequestingBrowser
    ) -> SignInCompleted | FirstSignInView | OtherMethod | None:
        continuation = self._continuations.read(attempt.continuation)
        amr = amr_text(identity.amr)
        with self._storage.transaction() as tx:
            known = FederatedIdentities(tx).find_identity(identity.issuer, identity.subject)
            if known:
                return self._later(tx, known, identity, browser, continuation)
            account = ProviderAccount(provider_key, identity.issuer, identity.subject, identity.email, amr)
            address = _address(identity.email)
            newcomer = _Newcomer(account, identity, address, attempt, continuation)
            return self._by_link(tx, newcomer, browser) or self._first(tx, newcomer, browser)

    def _later(
        self,
        tx: Transaction,
        known: KnownIdentity,
        identity: ProviderIdentity,
        browser: RequestingBrowser,
        continuation: Continuation,
    ) -> SignInCompleted | None:
        now, resident = self._clock.now(), Accounts(tx).get(known.resident_id)
        if resident is None or resident.disabled_at is not None:
            self._refused(tx, browser, continuation, now, known.resident_id, "disabled")
            return None
        identities = FederatedIdentities(tx)
        identities.note_use(known, now)
        self._compare_address(identities, known, identity, resident)
        amr = amr_text(identity.amr).split()
        return self._provision.enter(tx, resident, amr, browser, continuation, now)

    def _compare_address(
        self,
        identities: FederatedIdentities,
        known: KnownIdentity,
        identity: ProviderIdentity,
        resident: Resident,
    ) -> None:
        """Notice that the provider names another address than before: ours stays, the resident is asked."""
        told, before = _address(identity.email), _address(known.provider_email)
        if told and (before is None or told.key != before.key):
            is_new = told.key != resident.email_key
            identities.note_address(known, told.display, told.display if is_new else None)

    def _by_link(self, tx: Transaction, new: _Newcomer, browser: RequestingBrowser) -> SignInCompleted | None:
        """Finish a first sign-in whose mailed link was opened in another browser than the one that waits.

        The link proves the address and the provider the account; only if it is the account that the mail
        was sent for do the two belong together (docs/decisions/).
        """
        now, links = self._clock.now(), ActionLinks(tx)
        token = new.attempt.secrets.link_token
        link = links.find_link(token, Purpose.VERIFY_FEDERATION, now)
        pending = FirstSignIns(tx).get(link.subject) if link.status is LinkStatus.VALID else None
        account = (new.account.issuer, new.account.subject)
        if pending is None or (pending.issuer, pending.subject) != account:
            return None
        if links.claim_link(token, Purpose.VERIFY_FEDERATION, now).status is not LinkStatus.VALID:
            return None
        OneTimeCodes(tx, self._secret_keys).delete_code(Purpose.VERIFY_FEDERATION, pending.id)
        continuation = self._continuations.read(pending.continuation)
        try:
            resident = self._provision.complete(tx, pending, continuation, now)
        except AddressTakenError:
            return None
        return self._provision.enter(tx, resident, new.account.amr.split(), browser, new.continuation, now)

    def _first(
        self, tx: Transaction, new: _Newcomer, browser: RequestingBrowser
    ) -> SignInCompleted | FirstSignInView | OtherMethod:
        now, identity, address = self._clock.now(), new.identity, new.address
        is_proved = address is not None and identity.email_verified
        given_name, family_name = identity.given_name or "", identity.family_name or ""
        if address and is_proved and (owner := Accounts(tx).by_email_key(address.key)):
            if self._provision.is_known(tx, new.account):
                raise IdentityTakenError
            return self._other_method(tx, owner, address, new, browser)
        if address and is_proved and given_name and family_name:
            try:
                resident = self._provision.create(
                    tx,
                    new.account,
                    address=address,
                    given_name=given_name,
                    family_name=family_name,
                    language=new.attempt.language,
                    continuation=new.continuation,
                    now=now,
                )
            except AddressTakenError:
                # At this very moment: by the same person, who is then known, or by somebody else.
                raise IdentityTakenError from None
            return self._provision.enter(
                tx, resident, new.account.amr.split(), browser, new.continuation, now
            )
        return FirstSignIns(tx).add(
            new.account,
            address=address,
            address_proved=is_proved,
            given_name=given_name,
            family_name=family_name,
            language=new.attempt.language,
            continuation=new.attempt.continuation,
            browser_digest=digest(browser.secret or ""),
            now=now,
        )

    def _other_method(
        self, tx: Transaction, owner: Resident, address: Address, new: _Newcomer, browser: RequestingBrowser
    ) -> OtherMethod:
        self._refused(tx, browser, new.continuation, self._clock.now(), owner.id, "other_method")
        return OtherMethod(address.display, owner.sign_in_method, new.continuation)

    def _unfinished(self, pending: FirstSignInView, browser: RequestingBrowser) -> Unfinished:
        """Mail at once where nothing is left to ask for; over the limit, the page asks and says so."""
        continuation = self._continuations.read(pending.continuation)
        address = pending.address
        if address is None or pending.email_proved or not pending.has_all:
            return Unfinished(pending.id, is_mailed=False, continuation=continuation)
        if not self._rate_limiter.allows_mail(address.key, browser.visitor.ip_address):
            return Unfinished(pending.id, is_mailed=False, continuation=continuation)
        with self._storage.transaction() as tx:
            unverified = unverified_address(pending, address, continuation)
            self._verification.send_link_and_code(tx, unverified, self._clock.now())
        return Unfinished(pending.id, is_mailed=True, continuation=continuation)

    def _refused(
        self,
        tx: Transaction,
        browser: RequestingBrowser,
        continuation: Continuation,
        now: datetime,
        resident_id: str,
        why: str,
    ) -> None:
        Audit(tx).record(
            Event.SIGN_IN_FAILED,
            now,
            resident_id=resident_id,
            client_id=continuation.client_id or None,
            ip_address=browser.visitor.ip_address,
            why=why,
        )


def _address(text: str | None) -> Address | None:
    try:
        return parse(text) if text else None
    except InvalidAddressError:
        return None
