"""Writes audit events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from billing_link import randomness
from billing_link.audit.models import AuditEventRow


class Event(StrEnum):
    """Every event that is recorded. Closed."""

    LINK_MADE = "link_made"
    LINK_REMOVED = "link_removed"
    LINK_REFUSED = "link_refused"
    AUTO_LINK_DECIDED = "auto_link_decided"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CITY_PUT = "city_put"
    RECORDS_IMPORTED = "records_imported"


@dataclass(frozen=True, slots=True)
class Actor:
    """The cause of an event: a resident by `sub`, a client and a session; all empty for an operator."""

    subject: str = ""
    client_id: str = ""
    session_id: str = ""


OPERATOR = Actor()


class Audit:
    """The audit trail, within an open transaction or on an autocommit connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(
        self,
        event: Event,
        now: datetime,
        *,
        city_id: str,
        actor: Actor = OPERATOR,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Append one event. `details` are identifiers, counts and reason codes, no personal data."""
        self._connection.execute(
            insert(AuditEventRow).values(
                id=randomness.identifier(),
                at=now,
                event=event.value,
                city_id=city_id,
                subject=actor.subject,
                client_id=actor.client_id,
                session_id=actor.session_id,
                details=dict(details or {}),
            )
        )

    def last_times(self, event: Event) -> Mapping[str, datetime]:
        """Return when the event was recorded last, by city."""
        rows = self._connection.execute(
            select(AuditEventRow.city_id, func.max(AuditEventRow.at).label("at"))
            .where(AuditEventRow.event == event.value)
            .group_by(AuditEventRow.city_id)
        )
        return {row.city_id: row.at for row in rows}
