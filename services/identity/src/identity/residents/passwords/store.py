"""Passwords in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from identity.compiled_statements import CompiledStatement
from identity.residents.passwords.models import Password
from identity.storage import Executor, insert_into, table_of

PASSWORDS = table_of(Password)
_FIND = CompiledStatement(
    select(PASSWORDS.c.hash, PASSWORDS.c.changed_at).where(
        PASSWORDS.c.resident_id == bindparam("of_resident")
    )
)


@dataclass(frozen=True)
class StoredPassword:
    """A resident's password as read."""

    hash: str
    # When it was set; a rehash does not change it.
    changed_at: datetime


class Passwords:
    """The password hashes, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find_password(self, resident_id: str) -> StoredPassword | None:
        """Return the password to verify against, or None where the resident signs in through a provider."""
        row = _FIND.row(self._executor, {"of_resident": resident_id})
        return StoredPassword(*row) if row else None

    def set_password(self, resident_id: str, password_hash: str, now: datetime) -> None:
        """Give the resident this password, in place of any before."""
        statement = insert_into(self._executor, PASSWORDS).values(
            resident_id=resident_id, hash=password_hash, changed_at=now
        )
        self._executor.execute(
            statement.on_conflict_do_update(
                index_elements=[PASSWORDS.c.resident_id], set_={"hash": password_hash, "changed_at": now}
            )
        )

    def remove_password(self, resident_id: str) -> None:
        """Let no password be right until another is set."""
        self._executor.execute(delete(PASSWORDS).where(PASSWORDS.c.resident_id == resident_id))

    def rehash(self, resident_id: str, verified_hash: str, stronger_hash: str) -> bool:
        """Replace the hash that was just verified by another of the same password; False if it has changed.

        A reset at the same moment is not undone.
        """
        changed = self._executor.execute(
            update(PASSWORDS)
            .where(PASSWORDS.c.resident_id == resident_id, PASSWORDS.c.hash == verified_hash)
            .values(hash=stronger_hash)
            .returning(PASSWORDS.c.resident_id)
        )
        return changed.one_or_none() is not None
