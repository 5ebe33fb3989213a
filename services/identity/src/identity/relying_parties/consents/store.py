"""The table of consents."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from identity.compiled_statements import CompiledStatement
from identity.relying_parties.consents import models
from identity.relying_parties.models import Client
from identity.storage import Executor, insert_into, table_of

CONSENT = table_of(models.Consent)
CLIENT = table_of(Client)

_READ = (
    select(CONSENT, CLIENT.c.name)
    .join_from(CONSENT, CLIENT, CLIENT.c.id == CONSENT.c.client_id)
    .where(CONSENT.c.resident_id == bindparam("resident_id"))
)
_LIST = CompiledStatement(_READ.order_by(CLIENT.c.name, CLIENT.c.id))
# Runs at every authorization request of a website that is not the city's own.
_FIND = CompiledStatement(_READ.where(CONSENT.c.client_id == bindparam("client_id")))


@dataclass(frozen=True)
class Consent:
    """What a resident allowed a client: scopes, and resource indicators (RFC 8707)."""

    client_id: str
    client_name: str
    scopes: frozenset[str]
    resources: frozenset[str]
    given_at: datetime

    def covers(self, scopes: Collection[str], resources: Collection[str]) -> bool:
        """Tell whether all of these were allowed."""
        return self.scopes.issuperset(scopes) and self.resources.issuperset(resources)


class Consents:
    """The consents."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def find_consent(self, resident_id: str, client_id: str) -> Consent | None:
        """Return what the resident allowed the client, or None."""
        row = _FIND.row(self._executor, {"resident_id": resident_id, "client_id": client_id})
        return _consent(row) if row else None

    def list_consents(self, resident_id: str) -> list[Consent]:
        """Return the resident's consents, by the clients' names."""
        return [_consent(row) for row in _LIST.rows(self._executor, {"resident_id": resident_id})]

    def extend_consent(
        self,
        resident_id: str,
        client_id: str,
        scopes: Collection[str],
        resources: Collection[str],
        now: datetime,
    ) -> None:
        """Add to what the resident allowed the client."""
        known = self.find_consent(resident_id, client_id)
        values = {
            "scopes": sorted({*scopes, *(known.scopes if known else ())}),
            "resources": sorted({*resources, *(known.resources if known else ())}),
            "changed_at": now,
        }
        self._executor.execute(
            insert_into(self._executor, CONSENT)
            .values(resident_id=resident_id, client_id=client_id, given_at=now, **values)
            .on_conflict_do_update(index_elements=[CONSENT.c.resident_id, CONSENT.c.client_id], set_=values)
        )

    def remove_consent(self, resident_id: str, client_id: str) -> bool:
        """Delete the consent; False if there was none."""
        statement = (
            delete(CONSENT)
            .where(CONSENT.c.resident_id == resident_id, CONSENT.c.client_id == client_id)
            .returning(CONSENT.c.client_id)
        )
        return self._executor.execute(statement).one_or_none() is not None


def _consent(row: Any) -> Consent:  # noqa: ANN401 - a row of `_READ`
    return Consent(row.client_id, row.name, frozenset(row.scopes), frozenset(row.resources), row.given_at)
