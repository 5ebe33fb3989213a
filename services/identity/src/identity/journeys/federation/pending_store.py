"""Pending first sign-ins in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.journeys.federation.models import FirstSignIn
from identity.residents.accounts.addresses import Address
from identity.storage import Executor, delete_some, table_of

FIRST_SIGN_INS = table_of(FirstSignIn)
# As a registration (product decision 6).
LIFETIME = timedelta(hours=24)
KEPT_AFTER_EXPIRY = timedelta(days=7)
# How long after the callback a session may begin: as long as an ordinary session may be idle.
FRESH = timedelta(minutes=30)


@dataclass(frozen=True)
class ProviderAccount:
    """An account at a provider, as its callback named it. Holds personal data."""

    provider: str
    issuer: str
    subject: str
    provider_email: str | None
    # RFC 8176 values, separated by blanks.
    amr: str


@dataclass(frozen=True)
class FirstSignInView:
    """A pending first sign-in as read. Holds personal data."""

    id: str
    provider: str
    issuer: str
    subject: str
    provider_email: str | None
    email: str | None
    email_key: str | None
    email_proved: bool
    given_name: str
    family_name: str
    amr: str
    language: str
    continuation: SignedContinuation
    browser_digest: str
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None

    @property
    def account(self) -> ProviderAccount:
        """The account at the provider."""
        return ProviderAccount(self.provider, self.issuer, self.subject, self.provider_email, self.amr)

    @property
    def address(self) -> Address | None:
        """The address that is to become the resident's."""
        return Address(self.email, self.email_key) if self.email and self.email_key else None

    @property
    def is_complete(self) -> bool:
        """Whether neither address nor name is missing."""
        return bool(self.email and self.given_name and self.family_name)

    @property
    def is_verified(self) -> bool:
        """Whether the first sign-in has become a resident."""
        return self.completed_at is not None

    def is_fresh(self, now: datetime) -> bool:
        """Return whether a session may still begin on the provider's callback."""
        return now < self.created_at + FRESH


class FirstSignIns:
    """The first sign-ins, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_pending(
        self,
        account: ProviderAccount,
        *,
        address: Address | None,
        address_proved: bool,
        given_name: str,
        family_name: str,
        language: str,
        continuation: SignedContinuation,
        browser_digest: str,
        now: datetime,
    ) -> FirstSignInView:
        """Add a first sign-in; others may wait for the same address."""
        pending = FirstSignInView(
            id=randomness.identifier(),
            **vars(account),
            email=address.display if address else None,
            email_key=address.key if address else None,
            email_proved=address_proved,
            given_name=given_name,
            family_name=family_name,
            language=language,
            continuation=continuation,
            browser_digest=browser_digest,
            created_at=now,
            expires_at=now + LIFETIME,
            completed_at=None,
        )
        self._executor.execute(insert(FIRST_SIGN_INS).values(**vars(pending)))
        return pending

    def find_pending(self, pending_id: str) -> FirstSignInView | None:
        """Return the first sign-in, expired or not."""
        row = (
            self._executor.execute(select(FIRST_SIGN_INS).where(FIRST_SIGN_INS.c.id == pending_id))
            .mappings()
            .first()
        )
        return FirstSignInView(**row) if row else None

    def set_details(self, pending_id: str, address: Address, given_name: str, family_name: str) -> None:
        """Set what the resident submitted, unless the provider verified the address."""
        self._executor.execute(
            update(FIRST_SIGN_INS)
            .where(FIRST_SIGN_INS.c.id == pending_id, FIRST_SIGN_INS.c.completed_at.is_(None))
            .where(FIRST_SIGN_INS.c.email_proved.is_(False))
            .values(
                email=address.display,
                email_key=address.key,
                given_name=given_name,
                family_name=family_name,
            )
        )

    def claim_completion(self, pending: FirstSignInView, now: datetime) -> bool:
        """Record that the first sign-in becomes a resident, in this transaction.

        False if it was completed or deleted since it was read, or has another address.
        """
        return self._change_waiting(pending.id, pending.email_key, completed_at=now)

    def extend_pending(self, pending_id: str, address: Address, now: datetime) -> bool:
        """Let a first sign-in live for another 24 hours.

        False if it is completed, or waits for another address, which a mail to this one would verify.
        """
        return self._change_waiting(pending_id, address.key, expires_at=now + LIFETIME)

    def delete_of_account(self, issuer: str, subject: str) -> None:
        """Delete the pending first sign-ins of an account at a provider."""
        this = (FIRST_SIGN_INS.c.issuer == issuer) & (FIRST_SIGN_INS.c.subject == subject)
        self._executor.execute(delete(FIRST_SIGN_INS).where(this))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` that expired a week ago; return how many."""
        condition = FIRST_SIGN_INS.c.expires_at <= now - KEPT_AFTER_EXPIRY
        return delete_some(self._executor, FIRST_SIGN_INS, condition, limit)

    def _change_waiting(self, pending_id: str, email_key: str | None, **values: datetime) -> bool:
        changed = self._executor.execute(
            update(FIRST_SIGN_INS)
            .where(FIRST_SIGN_INS.c.id == pending_id, FIRST_SIGN_INS.c.completed_at.is_(None))
            .where(FIRST_SIGN_INS.c.email_key == email_key)
            .values(**values)
            .returning(FIRST_SIGN_INS.c.id)
        )
        return changed.one_or_none() is not None
