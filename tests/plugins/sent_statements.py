"""What the databases of this process are sent: by SQLAlchemy, and by compiled statements past its cursor."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from unittest.mock import patch

from sqlalchemy import Engine, event

SERVICES = ("identity", "billing_link", "portal")


@contextmanager
def sent_statements() -> Iterator[list[tuple[str, int]]]:
    """Collect the text of every statement that is sent during the block, and how many rows each touched."""
    sent: list[tuple[str, int]] = []

    def by_sqlalchemy(_connection, cursor, statement, _parameters, _context, _many):
        sent.append((statement, cursor.rowcount))

    def noting(execute, text_of):
        def execute_and_note(connection, statement, values):
            executed = execute(connection, statement, values)
            sent.append((text_of(statement), executed.count))
            return executed

        return execute_and_note

    event.listen(Engine, "after_cursor_execute", by_sqlalchemy)
    try:
        with ExitStack() as patches:
            for service in SERVICES:
                connections = import_module(f"{service}.database_connections").BoundedConnection
                note = noting(connections.execute_prepared, lambda sql: sql.text.decode())
                patches.enter_context(patch.object(connections, "execute_prepared", note))
                compiled = import_module(f"{service}.compiled_statements")
                note = noting(compiled._with_cursor, str)  # noqa: SLF001 - the one place where SQLite's are sent
                patches.enter_context(patch.object(compiled, "_with_cursor", note))
            yield sent
    finally:
        event.remove(Engine, "after_cursor_execute", by_sqlalchemy)
