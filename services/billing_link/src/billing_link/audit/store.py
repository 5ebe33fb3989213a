"""Writes audit events."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from billing_link import randomness
from billing_link.audit.models import AuditEventRow


class Event(StrEnum):
    """Everything that is recorded. Closed."""

    LINK_MADE = "link_made"
    LINK_REMOVED = "link_removed"
    LINK_REFUSED = "link_refused"
    AUTO_LINK_DECIDED = "auto_link_decided"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CITY_PUT = "city_put"
    RECORDS_IMPORTED = "records_imported"


class Audit:
    """The audit trail within an open transaction, or on an autocommit connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(  # noqa: PLR0913 - the columns of an event, each by name
        self,
        event: Event,
        now: datetime,
        *,
        city_id: str,
        subject: str = "",
        client_id: str = "",
        session_id: str = "",
        **details: str,
    ) -> None:
        """Append one event. `details` are identifiers, counts and reason codes, nothing personal."""
        self._connection.execute(
            insert(AuditEventRow).values(
                id=randomness.identifier(),
                at=now,
                event=event.value,
                city_id=city_id,
                subject=subject,
                client_id=client_id,
                session_id=session_id,
                details=details,
            )
        )
