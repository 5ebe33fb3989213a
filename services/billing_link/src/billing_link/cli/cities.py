"""`billing_link cities …`."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from billing_link.audit.store import Audit, Event
from billing_link.clock import SystemClock
from billing_link.config import DatabaseSettings, load_settings
from billing_link.errors import OperatorError
from billing_link.json_text import JsonRefusedError, read_json
from billing_link.linking.cities import read_city
from billing_link.linking.city_store import Cities
from billing_link.storage import Storage


@click.group()
def cities() -> None:
    """Show and change the cities that are served."""


@cities.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def put(file: Path) -> None:
    """Add a city, or replace it, from a JSON FILE (docs/billing_link.md)."""
    try:
        document = read_json(file.read_bytes())
    except JsonRefusedError as error:
        raise OperatorError(f"{file} {error}") from None
    city = read_city(document)
    now = SystemClock().now()
    with (
        Storage(load_settings(DatabaseSettings).database_url.get_secret_value()) as storage,
        storage.transaction() as tx,
    ):
        Cities(tx).put_city(city.id, city.model_dump(mode="json", exclude_none=True), now)
        Audit(tx).record(Event.CITY_PUT, now, city_id=city.id)
    click.echo(f"{city.name} ({city.id}) is served.")


@cities.command("list")
def list_cities() -> None:
    """List the cities: id and name."""
    for city in _documents():
        click.echo(f"{city['id']}\t{city['name']}")


@cities.command()
@click.argument("city_id")
def show(city_id: str) -> None:
    """Print a city as JSON, ready for `put`."""
    for city in _documents():
        if city["id"] == city_id:
            click.echo(json.dumps(city, indent=2, ensure_ascii=False))
            return
    raise OperatorError(f"There is no city {city_id!r}. `billing_link cities list` shows those there are.")


def _documents() -> list[Mapping[str, object]]:
    with (
        Storage(load_settings(DatabaseSettings).database_url.get_secret_value()) as storage,
        storage.autocommit() as connection,
    ):
        return list(Cities(connection).list_documents())
