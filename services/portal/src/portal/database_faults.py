"""What can be wrong with a database for a while, and which of a driver's errors say so: one table for each.

Such a fault is no mistake of the request: the caller is told to come back (503), and nothing needs a restart
when it has passed. Every other error is one of the program's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import psycopg
from sqlalchemy import exc

from portal.errors import UnavailableError


class DatabaseFault(StrEnum):
    """What is wrong, in an operator's words."""

    UNREACHED = "the database does not answer"
    FULL = "the database has no room left on its disk"
    READ_ONLY = "the database refuses to write: it is read-only"
    LOCKED = "the database is held by another transaction, or is too slow"
    OVERLOADED = "the database has no connection or memory left"
    DAMAGED = "the database cannot read or write its own files"


class DatabaseUnavailableError(UnavailableError):
    """The database cannot do now what it is asked; nothing of the transaction is kept."""

    def __init__(self, fault: DatabaseFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


# PostgreSQL, Appendix A: whole codes, and classes by their first two characters. A deadlock and a failed
# serialization are here too: a transaction is not repeated, since it may have read what decided the request.
_BY_SQLSTATE = {
    "53100": DatabaseFault.FULL,
    "53": DatabaseFault.OVERLOADED,
    "25006": DatabaseFault.READ_ONLY,
    "25P03": DatabaseFault.UNREACHED,
    "25P04": DatabaseFault.LOCKED,
    "40": DatabaseFault.LOCKED,
    "55P03": DatabaseFault.LOCKED,
    "55006": DatabaseFault.LOCKED,
    "57014": DatabaseFault.LOCKED,
    "57": DatabaseFault.UNREACHED,
    "58": DatabaseFault.DAMAGED,
    "XX001": DatabaseFault.DAMAGED,
    "XX002": DatabaseFault.DAMAGED,
}
# SQLite, "Result Codes": the primary ones.
_BY_SQLITE_CODE = {
    5: DatabaseFault.LOCKED,
    6: DatabaseFault.LOCKED,
    15: DatabaseFault.LOCKED,
    7: DatabaseFault.OVERLOADED,
    8: DatabaseFault.READ_ONLY,
    10: DatabaseFault.DAMAGED,
    11: DatabaseFault.DAMAGED,
    26: DatabaseFault.DAMAGED,
    13: DatabaseFault.FULL,
}
_PRIMARY = 0xFF


@contextmanager
def neutral_errors() -> Iterator[None]:
    """Raise `DatabaseUnavailableError` for whatever passes by itself, and leave every other error."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseUnavailableError(DatabaseFault.OVERLOADED) from error
    except exc.DBAPIError as error:
        fault = _fault_of(error)
        if fault is None:
            raise
        raise DatabaseUnavailableError(fault) from error


def _fault_of(error: exc.DBAPIError) -> DatabaseFault | None:
    driver = error.orig
    if isinstance(driver, psycopg.Error):
        state = driver.sqlstate or ""
        known = _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2])
    else:
        known = _BY_SQLITE_CODE.get(getattr(driver, "sqlite_errorcode", 0) & _PRIMARY)
    if known is None and isinstance(error, exc.OperationalError | exc.InterfaceError):
        return DatabaseFault.UNREACHED
    return known
