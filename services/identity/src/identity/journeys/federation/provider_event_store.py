"""Messages received from providers, in the database."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select

from identity import randomness
from identity.journeys.federation.models import DataDeletion, ProviderNotice
from identity.storage import Executor, delete_some, insert_into, table_of

NOTICES, DELETIONS = table_of(ProviderNotice), table_of(DataDeletion)
# Longer than any provider repeats itself, or asks for the state of a deletion.
NOTICES_KEPT, DELETIONS_KEPT = timedelta(days=90), timedelta(days=365)


class ProviderNotices:
    """The handled security event tokens, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def is_new(self, provider: str, notice_id: str, now: datetime) -> bool:
        """Record an event; False if it was received before."""
        noted = (
            insert_into(self._executor, NOTICES)
            .values(provider=provider, id=notice_id, received_at=now)
            .on_conflict_do_nothing(index_elements=[NOTICES.c.provider, NOTICES.c.id])
            .returning(NOTICES.c.id)
        )
        return self._executor.scalar(noted) is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` notices of long ago; return how many."""
        return delete_some(self._executor, NOTICES, NOTICES.c.received_at <= now - NOTICES_KEPT, limit)


class DataDeletions:
    """The deletions, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def note(self, provider: str, now: datetime) -> str:
        """Record a deletion; return the confirmation code."""
        code = randomness.identifier()
        self._executor.execute(insert(DELETIONS).values(code=code, provider=provider, done_at=now))
        return code

    def is_known(self, provider: str, code: str) -> bool:
        """Return whether this is the confirmation code of a deletion."""
        statement = select(DELETIONS.c.code).where(DELETIONS.c.provider == provider, DELETIONS.c.code == code)
        return self._executor.scalar(statement) is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` deletions of long ago; return how many."""
        return delete_some(self._executor, DELETIONS, DELETIONS.c.done_at <= now - DELETIONS_KEPT, limit)
