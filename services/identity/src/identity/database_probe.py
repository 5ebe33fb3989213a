"""Whether the database can be used now, for any number of callers at once, on one connection."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import monotonic
from typing import Protocol

import structlog

from identity.clock import Clock
from identity.database_faults import DatabaseFault
from identity.database_state import ServerState, clock_fault, measure_lead
from identity.errors import UnavailableError

# Seconds for an answer; what asks for readiness gives up after a few.
SECONDS = 1.0
# Seconds between two attempts to write, while they succeed.
_WRITE_EVERY = 10.0

log = structlog.get_logger(__name__)


class ProbedDatabase(Protocol):
    """What is asked of `Storage`."""

    def server_state(self) -> ServerState | None:
        """Return the state of the server; None for SQLite. Raises `UnavailableError`."""
        ...

    def try_writing(self) -> None:
        """Write, and leave nothing; raises `UnavailableError`."""
        ...


class DatabaseProbe:
    """Asks the database in a thread of its own, one question at a time; callers at the same time share it.

    A database counts as usable that answers, can write, and whose clock agrees with this machine's. Tables
    that others hold do not count: their requests alone wait.
    """

    def __init__(self, database: ProbedDatabase, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-probe")
        self._lock = Lock()
        self._asked: Future[bool] | None = None
        self._until = 0.0
        # On the monotonic clock.
        self._write_at = 0.0
        self._fault = ""

    def succeeds(self) -> bool:
        """Tell whether the database can be used, within a second of being asked."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked, self._until = self._thread.submit(self._is_usable), monotonic() + SECONDS
            asked, until = self._asked, self._until
        try:
            return asked.result(max(0.0, until - monotonic()))
        except TimeoutError:
            return False

    def _is_usable(self) -> bool:
        fault = self._find_fault()
        if fault:
            # Only a write that succeeds ends it.
            self._write_at = 0.0
        if fault and fault != self._fault:
            log.error("database.unusable", why=fault)
        elif self._fault and not fault:
            log.info("database.usable_again")
        self._fault = fault
        return not fault

    def _find_fault(self) -> str:
        try:
            state, lead = measure_lead(self._database.server_state, self._clock)
            if state is not None and state.is_read_only:
                return DatabaseFault.READ_ONLY.value
            if monotonic() >= self._write_at:
                self._database.try_writing()
                self._write_at = monotonic() + _WRITE_EVERY
        except UnavailableError as error:
            return str(error)
        return clock_fault(lead)
