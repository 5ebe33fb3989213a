"""The command `portal`."""

import click

from portal.cli.doctor import doctor
from portal.cli.migrate import migrate
from portal.cli.serve import serve
from portal.errors import SettingsError


class PlainErrors(click.Group):
    """Prints a `SettingsError` without a traceback, one line a setting, and exits with 2."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            click.echo(str(error), err=True)
            ctx.exit(2)


@click.group(cls=PlainErrors)
def main() -> None:
    """Citizen Self Service, the billing portal."""


main.add_command(migrate)
main.add_command(serve)
main.add_command(doctor)
