"""`billing_link import`."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from billing_link.billing_records.import_records import Imported, ImportRecords, Problems
from billing_link.clock import SystemClock
from billing_link.config import DatabaseSettings, load_settings
from billing_link.database_connections import FOR_COMMANDS
from billing_link.errors import OperatorError
from billing_link.linking.cities import City, read_city
from billing_link.linking.city_store import Cities
from billing_link.storage import Storage


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--city", "city_id", required=True, help="the city's id")
def import_records(file: Path, city_id: str) -> None:
    """Import a city's billing records from a CSV FILE (docs/billing_link.md): all of it, or nothing."""
    database_url = load_settings(DatabaseSettings).database_url.get_secret_value()
    with Storage(database_url, statement_seconds=FOR_COMMANDS) as storage:
        outcome = _import(storage, file, _city(storage, city_id))
    if isinstance(outcome, Problems):
        raise OperatorError(_report(file, outcome))
    for kind, merged in outcome.by_kind().items():
        click.echo(f"{kind}: {merged.new} new, {merged.changed} changed")


def _city(storage: Storage, city_id: str) -> City:
    with storage.autocommit() as connection:
        document = Cities(connection).find_document(city_id)
    if document is None:
        raise OperatorError(f"There is no city {city_id!r}; add it with `billing_link cities put FILE.json`.")
    return read_city(document)


def _import(storage: Storage, file: Path, city: City) -> Imported | Problems:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    )
    with file.open("rb") as raw, bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        return ImportRecords(storage, SystemClock())(
            raw, city.id, city.bill_numbers(), lambda: bar.update(task, completed=raw.tell())
        )


def _report(file: Path, problems: Problems) -> str:
    lines = [f"{file.name}: nothing was imported."]
    lines += [f"  line {problem.line}: {problem.message}" for problem in problems.shown]
    if problems.more:
        lines.append(f"  … and {problems.more} more")
    return "\n".join(lines)
