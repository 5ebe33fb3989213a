"""Rows that are added together, in one statement where the database can."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from sqlalchemy import Insert, Table, bindparam, insert

from billing_link.compiled_statements import CompiledStatement
from billing_link.storage import Base, Executor

# Rows of one statement, and statements that are kept: what one call adds is one of a few combinations.
_MOST_ROWS, _MOST_STATEMENTS = 8, 64


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be added to the table of a model; a column without a value is null."""

    model: type[Base]
    values: Mapping[str, object]


def add_together(executor: Executor, *rows: NewRow) -> None:
    """Add rows, of which none refers to another: in one round trip at PostgreSQL, each alone at SQLite."""
    most = 1 if executor.dialect.name == "sqlite" else _MOST_ROWS
    for start in range(0, len(rows), most):
        several = rows[start : start + most]
        statement = _statement(tuple(row.model for row in several))
        statement.rows(
            executor,
            {
                f"{column.key}_{number}": row.values.get(column.key)
                for number, row in enumerate(several)
                for column in _table(row.model).columns
            },
        )


@lru_cache(_MOST_STATEMENTS)
def _statement(models: tuple[type[Base], ...]) -> CompiledStatement:
    """Return one INSERT of a row for each model: the last one, with the others as its CTEs."""
    *others, last = (_insert(_table(model), number) for number, model in enumerate(models))
    return CompiledStatement(last.add_cte(*(one.cte(f"row_{number}") for number, one in enumerate(others))))


def _insert(table: Table, number: int) -> Insert:
    return insert(table).values(
        {column: bindparam(f"{column.key}_{number}", type_=column.type) for column in table.columns}
    )


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)
