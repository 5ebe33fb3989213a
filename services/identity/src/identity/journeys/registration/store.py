"""Pending registrations in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, insert, select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.journeys.registration.models import PendingRegistration
from identity.residents.accounts.addresses import Address
from identity.storage import Executor, delete_some, table_of

PENDING = table_of(PendingRegistration)

# Product decision 6.
LIFETIME = timedelta(hours=24)
# So that a late click on the mailed link can be answered by a new link.
KEPT_AFTER_EXPIRY = timedelta(days=7)


@dataclass(frozen=True)
class PendingRegistrationView:
    """A pending registration as read. Holds personal data, and a password hash while it waits."""

    id: str
    email: str
    email_key: str
    # Empty once it was verified or expired.
    password_hash: str
    given_name: str
    family_name: str
    language: str
    city_id: str | None
    continuation: SignedContinuation
    browser_digest: str
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None

    @property
    def address(self) -> Address:
        """The address that waits for proof."""
        return Address(display=self.email, key=self.email_key)

    @property
    def is_verified(self) -> bool:
        """Whether the registration has become an account."""
        return self.confirmed_at is not None


class PendingRegistrations:
    """The pending registrations, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_pending(
        self,
        *,
        address: Address,
        password_hash: str,
        given_name: str,
        family_name: str,
        language: str,
        city_id: str | None,
        continuation: SignedContinuation,
        browser_digest: str,
        now: datetime,
    ) -> PendingRegistrationView:
        """Add a pending registration; others may wait for the same address."""
        pending = PendingRegistrationView(
            id=randomness.identifier(),
            email=address.display,
            email_key=address.key,
            password_hash=password_hash,
            given_name=given_name,
            family_name=family_name,
            language=language,
            city_id=city_id,
            continuation=continuation,
            browser_digest=browser_digest,
            created_at=now,
            expires_at=now + LIFETIME,
            confirmed_at=None,
        )
        self._executor.execute(insert(PENDING).values(**vars(pending)))
        return pending

    def find_pending(self, pending_id: str) -> PendingRegistrationView | None:
        """Return the registration, expired or not."""
        row = self._executor.execute(select(PENDING).where(PENDING.c.id == pending_id)).mappings().first()
        return PendingRegistrationView(**row) if row else None

    def mark_verified(self, pending: PendingRegistrationView, now: datetime) -> None:
        """Record that the registration became an account; erase the passwords that wait for its address."""
        became_account = case((PENDING.c.id == pending.id, now), else_=PENDING.c.confirmed_at)
        self._executor.execute(
            update(PENDING)
            .where(PENDING.c.email_key == pending.email_key)
            .values(confirmed_at=became_account, password_hash="")  # an erased hash, no password
        )

    def extend_pending(self, pending_id: str, address: Address, now: datetime) -> bool:
        """Let a registration of this address live for another 24 hours, without its password if it expired.

        False if it is verified.
        """
        expired = PENDING.c.expires_at <= now
        extended = self._executor.execute(
            update(PENDING)
            .where(PENDING.c.id == pending_id, PENDING.c.confirmed_at.is_(None))
            .where(PENDING.c.email_key == address.key)
            .values(
                expires_at=now + LIFETIME,
                password_hash=case((expired, ""), else_=PENDING.c.password_hash),
            )
            .returning(PENDING.c.id)
        )
        return extended.one_or_none() is not None

    def erase_expired_passwords(self, now: datetime, limit: int) -> int:
        """Erase the passwords of up to `limit` registrations that expired; return how many."""
        expired = select(PENDING.c.id).where(PENDING.c.expires_at <= now, PENDING.c.password_hash != "")
        erased = self._executor.execute(
            update(PENDING)
            .where(PENDING.c.id.in_(expired.limit(limit)))
            .values(password_hash="")  # as above
            .returning(PENDING.c.id)
        )
        return len(erased.all())

    def delete_registrations(self, email_key: str) -> None:
        """Delete every registration of this address, confirmed or not."""
        self._executor.execute(delete(PENDING).where(PENDING.c.email_key == email_key))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` registrations that expired a week ago; return how many."""
        return delete_some(self._executor, PENDING, PENDING.c.expires_at <= now - KEPT_AFTER_EXPIRY, limit)
