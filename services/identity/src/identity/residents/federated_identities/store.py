"""Accounts at providers in the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from identity.residents.federated_identities.models import FederatedIdentity
from identity.storage import Executor, insert_into, table_of

IDENTITIES = table_of(FederatedIdentity)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class IdentityTakenError(Exception):
    """This account at the provider belongs to a resident already. The transaction must be rolled back."""


@dataclass(frozen=True)
class KnownIdentity:
    """A resident's account at a provider."""

    issuer: str
    subject: str
    resident_id: str
    provider_email: str | None
    offered_email: str | None


class FederatedIdentities:
    """The accounts at providers, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find_identity(self, issuer: str, subject: str) -> KnownIdentity | None:
        """Return the account with its resident, or None if it belongs to no resident."""
        return self._first((IDENTITIES.c.issuer == issuer) & (IDENTITIES.c.subject == subject))

    def of_resident(self, resident_id: str) -> KnownIdentity | None:
        """Return the resident's account, or None where they sign in by password."""
        return self._first(IDENTITIES.c.resident_id == resident_id)

    def add_identity(
        self, issuer: str, subject: str, resident_id: str, provider_email: str | None, now: datetime
    ) -> None:
        """Add a resident's account at a provider; raises `IdentityTakenError`, also under concurrency."""
        statement = (
            insert_into(self._executor, IDENTITIES)
            .values(
                issuer=issuer,
                subject=subject,
                resident_id=resident_id,
                provider_email=provider_email,
                offered_email=None,
                created_at=now,
                last_used_at=now,
            )
            .on_conflict_do_nothing(index_elements=[IDENTITIES.c.issuer, IDENTITIES.c.subject])
            .returning(IDENTITIES.c.resident_id)
        )
        if self._executor.scalar(statement) is None:
            raise IdentityTakenError

    def claim_use(self, known: KnownIdentity, answered_at: datetime, now: datetime) -> bool:
        """Record a sign-in on an answer that the provider gave at `answered_at`.

        False if the provider has revoked it since, or the account is gone.
        """
        used = self._executor.execute(
            update(IDENTITIES)
            .where(IDENTITIES.c.issuer == known.issuer, IDENTITIES.c.subject == known.subject)
            .where(
                or_(IDENTITIES.c.revoked_at.is_(None), IDENTITIES.c.revoked_at <= _microseconds(answered_at))
            )
            .values(last_used_at=now)
            .returning(IDENTITIES.c.resident_id)
        )
        return used.one_or_none() is not None

    def revoke_answers(self, resident_id: str, now: datetime) -> None:
        """Record that what the provider said of the account until now lets no person in."""
        self._change(resident_id, revoked_at=_microseconds(now))

    def note_address(self, known: KnownIdentity, provider_email: str, offered_email: str | None) -> None:
        """Record the address that the provider names now, and the one to offer to the resident, if any."""
        self._change(known.resident_id, provider_email=provider_email, offered_email=offered_email)

    def close_offer(self, resident_id: str) -> None:
        """Record that the resident has answered the offer."""
        self._change(resident_id, offered_email=None)

    def _change(self, resident_id: str, **values: object) -> None:
        self._executor.execute(
            update(IDENTITIES).where(IDENTITIES.c.resident_id == resident_id).values(**values)
        )

    def _first(self, condition: ColumnElement[bool]) -> KnownIdentity | None:
        row = self._executor.execute(
            select(
                IDENTITIES.c.issuer,
                IDENTITIES.c.subject,
                IDENTITIES.c.resident_id,
                IDENTITIES.c.provider_email,
                IDENTITIES.c.offered_email,
            ).where(condition)
        ).one_or_none()
        return KnownIdentity(*row) if row else None


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
