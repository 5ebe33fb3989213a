"""The table of the audit record. Rows are added, never changed."""

from datetime import datetime

from sqlalchemy import func, insert, select

from identity import randomness
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.storage import Executor, table_of

EVENTS = table_of(AuditEvent)


class Audit:
    """The audit record, on the transaction of the recorded change or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def record(
        self,
        event: Event,
        now: datetime,
        *,
        resident_id: str | None = None,
        client_id: str | None = None,
        session_id: str | None = None,
        ip_address: str | None = None,
        **details: str,
    ) -> None:
        """Add one event. `details` are identifiers, reason codes and staff's reason: no personal data."""
        self._executor.execute(
            insert(EVENTS).values(
                id=randomness.identifier(),
                at=now,
                event=event.value,
                resident_id=resident_id,
                client_id=client_id,
                session_id=session_id,
                ip_address=ip_address[:45] if ip_address else None,
                details=details,
            )
        )

    def last_recorded(self, event: Event, resident_id: str) -> datetime | None:
        """Return when the event was last recorded for the resident (UTC); None: never."""
        moment: datetime | None = self._executor.scalar(
            select(func.max(EVENTS.c.at)).where(
                EVENTS.c.resident_id == resident_id, EVENTS.c.event == event.value
            )
        )
        return moment
