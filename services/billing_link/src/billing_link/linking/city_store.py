"""All SQL of cities."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from billing_link.compiled_statements import CompiledStatement
from billing_link.linking.models import CityRow
from billing_link.storage import insert_into

_CITY = CompiledStatement(select(CityRow.document).where(CityRow.id == bindparam("city_id")))


class Cities:
    """The cities that are served."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_document(self, city_id: str) -> Mapping[str, object] | None:
        """Return the city's file as an operator put it, None if there is no such city."""
        row = _CITY.row(self._connection, {"city_id": city_id})
        return row.document if row else None

    def list_documents(self) -> Sequence[Mapping[str, object]]:
        """Return the file of every city, ordered by id."""
        return self._connection.scalars(select(CityRow.document).order_by(CityRow.id)).all()

    def put_city(self, city_id: str, document: Mapping[str, object], now: datetime) -> None:
        """Add or replace a city."""
        new = {"document": dict(document), "put_at": now}
        self._connection.execute(
            insert_into(self._connection, CityRow)
            .values(id=city_id, **new)
            .on_conflict_do_update(index_elements=[CityRow.id], set_=new)
        )
