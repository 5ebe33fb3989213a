"""`identity cities`."""

from typing import TextIO

import click

from identity.audit.events import Event
from identity.cli.files import inline_logo, json_file, read_json
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_fields, show_json, show_table
from identity.relying_parties.admin import Change
from identity.relying_parties.schemas import RegistrationRefusedError, read_city
from identity.relying_parties.store import Cities


@click.group()
def cities() -> None:
    """Manage the cities: names, branding, languages, support lines."""


@cities.command()
@json_file
def put(file: TextIO) -> None:
    """Write the city that FILE (JSON, or - for standard input) describes. Safe to repeat."""
    content = inline_logo(read_json(file), file)
    with operator() as opened:
        try:
            registration = read_city(content)
        except RegistrationRefusedError as error:
            refuse(*error.lines)
        change = opened.registry.put_city(registration)
        if change is not Change.UNCHANGED:
            opened.record_event(Event.CITY_CHANGED, city=registration.id)
    click.echo(f"{registration.id}: {change}")


@cities.command()
@click.argument("city_id")
@as_json
def show(city_id: str, *, is_json: bool) -> None:
    """Show one city."""
    with operator() as opened, opened.storage.autocommit() as connection:
        city = Cities(connection).find_city(city_id)
    if city is None:
        refuse(f"there is no city {city_id!r}; `identity cities list` shows them")
    if is_json:
        show_json(vars(city))
    else:
        show_fields(vars(city) | {"logo_svg": f"{len(city.logo_svg)} characters"})


@cities.command("list")
@as_json
def list_all(*, is_json: bool) -> None:
    """List the cities."""
    with operator() as opened, opened.storage.autocommit() as connection:
        found = Cities(connection).list_cities()
    if is_json:
        show_json([vars(city) for city in found])
    else:
        show_table(
            ["ID", "NAME", "WEBSITE", "LANGUAGES"], [[c.id, c.name, c.website, c.languages] for c in found]
        )
