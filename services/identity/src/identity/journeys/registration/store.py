"""Pending registrations in the database."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.journeys.registration.models import PendingRegistration
from identity.storage import Executor, delete_some, table_of

PENDING = table_of(PendingRegistration)

# What `randomness.identifier` makes; anything else comes from an address that somebody typed.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,32}")

# Product decision 6.
LIFETIME = timedelta(hours=24)
# So that a late click on the mailed link can be answered by a new link.
KEPT_AFTER_EXPIRY = timedelta(days=7)


@dataclass(frozen=True)
class Pending:
    """A registration that waits for its mail to be answered."""

    id: str
    email: str
    email_key: str
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


class PendingRegistrations:
    """The pending registrations, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add(
        self,
        *,
        email: str,
        email_key: str,
        password_hash: str,
        given_name: str,
        family_name: str,
        language: str,
        city_id: str | None,
        continuation: SignedContinuation,
        browser_digest: str,
        now: datetime,
    ) -> Pending:
        """Add a pending registration, whoever else waits for the same address."""
        pending = Pending(
            id=randomness.identifier(),
            email=email,
            email_key=email_key,
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

    def get(self, registration_id: str) -> Pending | None:
        """Return the registration, expired or not."""
        row = (
            self._executor.execute(select(PENDING).where(PENDING.c.id == registration_id)).mappings().first()
        )
        return Pending(**row) if row else None

    def of_browser(self, registration_id: str, browser_digest: str, now: datetime) -> Pending | None:
        """Return the registration if this browser asked for it and it has not expired."""
        pending = self.get(registration_id) if _IDENTIFIER.fullmatch(registration_id) else None
        if pending is None or pending.browser_digest != browser_digest or pending.expires_at <= now:
            return None
        return pending

    def confirm(self, registration_id: str, now: datetime) -> None:
        """Note that it became an account."""
        self._executor.execute(
            update(PENDING).where(PENDING.c.id == registration_id).values(confirmed_at=now)
        )

    def prolong(self, registration_id: str, now: datetime) -> None:
        """Let it wait for another 24 hours: a new link is on its way."""
        self._executor.execute(
            update(PENDING)
            .where(PENDING.c.id == registration_id, PENDING.c.confirmed_at.is_(None))
            .values(expires_at=now + LIFETIME)
        )

    def delete_registrations(self, email_key: str) -> None:
        """Delete every registration of this address, confirmed or not."""
        self._executor.execute(delete(PENDING).where(PENDING.c.email_key == email_key))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` registrations that expired a week ago; return how many."""
        return delete_some(self._executor, PENDING, PENDING.c.expires_at <= now - KEPT_AFTER_EXPIRY, limit)
