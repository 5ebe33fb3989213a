"""What is known of an address before its password is compared, read in one statement."""

from dataclasses import dataclass

from sqlalchemy import String, bindparam, func, select

from identity.compiled_statements import CompiledStatement
from identity.residents.accounts.models import Resident
from identity.residents.passwords.models import Password
from identity.residents.passwords.store import StoredPassword
from identity.storage import Executor, table_of

RESIDENTS, PASSWORDS = table_of(Resident), table_of(Password)
_ASKED = select(
    bindparam("asked_key", type_=String).label("email_key"),
    bindparam("asked_owner", type_=String).label("owner"),
).subquery("asked")
# One row comes back for every address, and both tables are looked up for it.
_FIND = CompiledStatement(
    select(
        RESIDENTS.c.id,
        RESIDENTS.c.disabled_at,
        RESIDENTS.c.device_generation,
        PASSWORDS.c.hash,
        PASSWORDS.c.changed_at,
    ).select_from(
        _ASKED.outerjoin(RESIDENTS, RESIDENTS.c.email_key == _ASKED.c.email_key).outerjoin(
            PASSWORDS, PASSWORDS.c.resident_id == func.coalesce(RESIDENTS.c.id, _ASKED.c.owner)
        )
    )
)


@dataclass(frozen=True)
class Candidate:
    """The account of an address, if there is one."""

    resident_id: str | None
    device_generation: int | None
    # None where the resident is disabled, or signs in through a provider.
    password: StoredPassword | None


class Candidates:
    """The accounts by address, on any connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find_candidate(self, email_key: str, stand_in: str) -> Candidate:
        """Return the account; where there is none, the password of a resident who does not exist is read."""
        row = _FIND.row(self._executor, {"asked_key": email_key, "asked_owner": stand_in})
        is_usable = row.hash is not None and row.id is not None and row.disabled_at is None
        password = StoredPassword(row.hash, row.changed_at) if is_usable else None
        return Candidate(row.id, row.device_generation, password)
