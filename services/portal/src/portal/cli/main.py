"""The command `portal`."""

import click

from portal.cli.migrate import migrate
from portal.cli.serve import serve
from portal.errors import SettingsError


class PlainErrors(click.Group):
    """Prints a `SettingsError` without a traceback, one line a setting."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=PlainErrors)
def main() -> None:
    """Citizen Self Service, the billing portal."""


main.add_command(migrate)
main.add_command(serve)
