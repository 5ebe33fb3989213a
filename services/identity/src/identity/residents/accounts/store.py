"""Residents in the database."""

from datetime import datetime

from sqlalchemy import bindparam, delete, null, select, update
from sqlalchemy.orm import Session, aliased

from identity import randomness
from identity.compiled_statements import CompiledStatement
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.storage import insert_into, table_of

RESIDENTS = table_of(Resident)
# Compiled once: they run at every sign-in.
_HOLD_ACTIVE = CompiledStatement(
    update(RESIDENTS)
    .where(RESIDENTS.c.id == bindparam("resident_id"), RESIDENTS.c.disabled_at.is_(None))
    .values(disabled_at=null())
    .returning(*RESIDENTS.c)
)


class AddressTakenError(Exception):
    """Another resident has this address. Nothing was written; the transaction may go on."""


class Accounts:
    """The residents, within one transaction."""

    def __init__(self, tx: Session) -> None:
        self._tx = tx

    def get(self, resident_id: str) -> Resident | None:
        """Return the resident with this identifier (the `sub` of tokens), or None."""
        return self._tx.get(Resident, resident_id)

    def hold_active(self, resident_id: str) -> Resident | None:
        """Return the resident, who stays as they are until the transaction ends; None if disabled or gone.

        An UPDATE that changes nothing, since both databases let it wait for a transaction that disables,
        deletes or holds this resident. What proves who they are is read again after it, then used.
        """
        held = _HOLD_ACTIVE.row(self._tx, {"resident_id": resident_id})
        return Resident(**held._asdict()) if held else None

    def by_email_key(self, key: str) -> Resident | None:
        """Return the resident whose address has this compared form (`Address.key`), or None."""
        return self._tx.scalars(select(Resident).where(Resident.email_key == key)).one_or_none()

    def create(
        self,
        *,
        address: Address | None,
        address_verified: bool,
        sign_in_method: str,
        given_name: str,
        family_name: str,
        language: str,
        city_id: str | None,
        now: datetime,
    ) -> Resident:
        """Add a resident; raises `AddressTakenError`, also under concurrency.

        `address` is absent where a provider gives none.
        """
        statement = (
            insert_into(self._tx, RESIDENTS)
            .values(
                id=randomness.identifier(),
                email=address.display if address else None,
                email_key=address.key if address else None,
                email_verified_at=now if address and address_verified else None,
                sign_in_method=str(sign_in_method),
                given_name=given_name,
                family_name=family_name,
                language=language,
                city_id=city_id,
                created_at=now,
                disabled_at=None,
            )
            .on_conflict_do_nothing(index_elements=[RESIDENTS.c.email_key])
            .returning(RESIDENTS.c.id)
        )
        resident_id = self._tx.scalar(statement)
        if resident_id is None:
            raise AddressTakenError
        return self._tx.get_one(Resident, resident_id)

    def rename(self, resident_id: str, given_name: str, family_name: str) -> None:
        """Change the resident's name."""
        self._tx.execute(
            update(Resident)
            .where(Resident.id == resident_id)
            .values(given_name=given_name, family_name=family_name)
        )

    def change_address(self, resident_id: str, address: Address, now: datetime) -> None:
        """Give the resident another address, verified now; raises `AddressTakenError`."""
        other = aliased(Resident)
        taken = select(other.id).where(other.email_key == address.key, other.id != resident_id).exists()
        changed = self._tx.execute(
            update(Resident)
            .where(Resident.id == resident_id, ~taken)
            .values(email=address.display, email_key=address.key, email_verified_at=now)
            .returning(Resident.id)
        )
        if changed.one_or_none() is None:
            raise AddressTakenError

    def forget_devices(self, resident_id: str) -> None:
        """Begin another generation of devices: those that signed in until now are as strangers'."""
        following = Resident.device_generation + 1
        statement = update(Resident).where(Resident.id == resident_id)
        self._tx.execute(
            statement.values(device_generation=following), execution_options={"synchronize_session": False}
        )

    def disable_resident(self, resident_id: str, now: datetime) -> bool:
        """Refuse the resident from now on; False when they were disabled before."""
        statement = update(Resident).where(Resident.id == resident_id, Resident.disabled_at.is_(None))
        disabled = self._tx.execute(statement.values(disabled_at=now).returning(Resident.id))
        return disabled.one_or_none() is not None

    def enable_resident(self, resident_id: str) -> bool:
        """Let a disabled resident in again; False when they are not disabled."""
        statement = update(Resident).where(Resident.id == resident_id, Resident.disabled_at.is_not(None))
        enabled = self._tx.execute(statement.values(disabled_at=None).returning(Resident.id))
        return enabled.one_or_none() is not None

    def delete_resident(self, resident_id: str) -> None:
        """Delete the resident and all that is theirs alone; the identifier is never used again."""
        self._tx.execute(delete(Resident).where(Resident.id == resident_id))

    def set_language(self, resident_id: str, language: str) -> None:
        """Set the language (BCP 47) of the resident's mails."""
        self._tx.execute(update(Resident).where(Resident.id == resident_id).values(language=language))
