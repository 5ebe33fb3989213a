"""Tables for people and JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of a table.")


def show_json(content: object) -> None:
    """Print JSON: sets sorted, times in ISO 8601."""
    click.echo(json.dumps(content, indent=2, default=_plain, ensure_ascii=False))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with aligned columns."""
    cells = [[*headings], *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_fields(fields: Mapping[str, object]) -> None:
    """Print one record, a line for each field."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        click.echo(f"{name.ljust(width)}  {_text(value)}")


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, set | frozenset | list | tuple):
        return " ".join(map(str, value if isinstance(value, list | tuple) else sorted(value))) or "-"
    return json.dumps(value) if isinstance(value, Mapping) else str(value) or "-"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else sorted(value)  # type: ignore[call-overload] # only sets are left
