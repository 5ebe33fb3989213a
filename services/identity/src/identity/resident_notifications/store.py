"""Accepted notices in the database."""

from datetime import datetime, timedelta

from identity.resident_notifications.models import Notice
from identity.storage import Executor, delete_some, insert_into, table_of

NOTICES = table_of(Notice)
# Senders retry for days at most.
KEPT = timedelta(days=30)


class Notices:
    """The table of accepted notices."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def claim_notice(self, resource_id: str, notice_id: str, now: datetime) -> bool:
        """Record the notice; False if it was accepted before. Of two at once one returns True."""
        claimed = self._executor.scalar(
            insert_into(self._executor, NOTICES)
            .values(resource_id=resource_id, id=notice_id, accepted_at=now)
            .on_conflict_do_nothing(index_elements=[NOTICES.c.resource_id, NOTICES.c.id])
            .returning(NOTICES.c.id)
        )
        return claimed is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` notices accepted 30 days ago; return how many."""
        return delete_some(self._executor, NOTICES, NOTICES.c.accepted_at <= now - KEPT, limit)
