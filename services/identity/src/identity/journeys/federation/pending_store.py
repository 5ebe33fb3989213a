"""First sign-ins in the database."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.journeys.federation.models import FirstSignIn
from identity.residents.accounts.addresses import Address
from identity.storage import Executor, delete_some, table_of

FIRST_SIGN_INS = table_of(FirstSignIn)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,32}")
# As a registration (product decision 6).
LIFETIME = timedelta(hours=24)
KEPT_AFTER_EXPIRY = timedelta(days=7)
# How long the provider's word opens a session: as long as an ordinary session may be idle.
FRESH = timedelta(minutes=30)


@dataclass(frozen=True)
class ProviderAccount:
    """Whom a provider has named."""

    provider: str
    issuer: str
    subject: str
    provider_email: str | None
    amr: str


@dataclass(frozen=True)
class FirstSignInView:
    """A first sign-in that waits."""

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
        """Return whom the provider named."""
        return ProviderAccount(self.provider, self.issuer, self.subject, self.provider_email, self.amr)

    @property
    def address(self) -> Address | None:
        """Return the address that is to become the resident's."""
        return Address(self.email, self.email_key) if self.email and self.email_key else None

    @property
    def has_all(self) -> bool:
        """Tell whether nothing is left to ask for."""
        return bool(self.email and self.given_name and self.family_name)

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the provider's word is new enough to begin a session on."""
        return now < self.created_at + FRESH


class FirstSignIns:
    """The first sign-ins, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add(
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
        """Add one, whoever else waits."""
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

    def get(self, pending_id: str) -> FirstSignInView | None:
        """Return the first sign-in, expired or not."""
        if not _IDENTIFIER.fullmatch(pending_id):
            return None
        row = (
            self._executor.execute(select(FIRST_SIGN_INS).where(FIRST_SIGN_INS.c.id == pending_id))
            .mappings()
            .first()
        )
        return FirstSignInView(**row) if row else None

    def of_browser(self, pending_id: str, browser_digest: str, now: datetime) -> FirstSignInView | None:
        """Return the first sign-in if this browser came back with it and it has not expired."""
        pending = self.get(pending_id)
        if pending is None or pending.browser_digest != browser_digest or pending.expires_at <= now:
            return None
        return pending

    def fill_in(self, pending_id: str, address: Address, given_name: str, family_name: str) -> None:
        """Write what the resident added; an address that the provider proved is not theirs to change."""
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

    def complete(self, pending_id: str, now: datetime) -> None:
        """Note that it became a resident."""
        self._executor.execute(
            update(FIRST_SIGN_INS).where(FIRST_SIGN_INS.c.id == pending_id).values(completed_at=now)
        )

    def prolong(self, pending_id: str, now: datetime) -> None:
        """Let it wait for another 24 hours: a new link is on its way."""
        self._executor.execute(
            update(FIRST_SIGN_INS)
            .where(FIRST_SIGN_INS.c.id == pending_id, FIRST_SIGN_INS.c.completed_at.is_(None))
            .values(expires_at=now + LIFETIME)
        )

    def forget(self, issuer: str, subject: str) -> None:
        """Delete what waits for somebody who asked to be forgotten."""
        this = (FIRST_SIGN_INS.c.issuer == issuer) & (FIRST_SIGN_INS.c.subject == subject)
        self._executor.execute(delete(FIRST_SIGN_INS).where(this))

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` that expired a week ago; return how many."""
        condition = FIRST_SIGN_INS.c.expires_at <= now - KEPT_AFTER_EXPIRY
        return delete_some(self._executor, FIRST_SIGN_INS, condition, limit)
