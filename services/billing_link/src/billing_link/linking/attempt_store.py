"""All SQL of failed attempts: they are counted, atomically, by the keys of `attempts`."""

from datetime import datetime

from sqlalchemy import bindparam, case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from billing_link.compiled_statements import CompiledStatement
from billing_link.linking.attempts import FailureCount
from billing_link.linking.models import AttemptsRow


def _recording_failure(table: "postgresql.Insert | sqlite.Insert") -> CompiledStatement:
    over = AttemptsRow.began_at <= bindparam("since")
    return CompiledStatement(
        table.values(key=bindparam("key"), began_at=bindparam("began_at"), failures=1)
        .on_conflict_do_update(
            index_elements=[AttemptsRow.key],
            set_={
                "failures": case((over, 1), else_=AttemptsRow.failures + 1),
                "began_at": case((over, table.excluded.began_at), else_=AttemptsRow.began_at),
            },
        )
        .returning(AttemptsRow.failures, AttemptsRow.began_at)
    )


# The database's own INSERT, which knows `ON CONFLICT`.
_RECORD_FAILURE = {
    "postgresql": _recording_failure(postgresql.insert(AttemptsRow)),
    "sqlite": _recording_failure(sqlite.insert(AttemptsRow)),
}


class Attempts:
    """Failed attempts, counted by the keys of `attempts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_failure(self, key: str, now: datetime, since: datetime) -> FailureCount:
        """Count one failure, atomically, and return the count; a window begun by `since` starts again."""
        statement = _RECORD_FAILURE[self._connection.dialect.name]
        row = statement.row(self._connection, {"key": key, "began_at": now, "since": since})
        return FailureCount(row.failures, row.began_at)

    def delete_begun_before(self, since: datetime) -> int:
        """Delete the counts of windows that began by `since`; return how many."""
        return self._connection.execute(delete(AttemptsRow).where(AttemptsRow.began_at <= since)).rowcount
