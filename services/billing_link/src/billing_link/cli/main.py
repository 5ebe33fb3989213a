"""The entry point of the `billing_link` command."""

import click

from billing_link.cli.audit import audit
from billing_link.cli.cities import cities
from billing_link.cli.doctor import doctor
from billing_link.cli.health import health
from billing_link.cli.migrate import migrate
from billing_link.cli.records import import_records
from billing_link.cli.serve import serve
from billing_link.database_faults import DatabaseFault, DatabaseUnavailableError
from billing_link.errors import OperatorError, SettingsError, UnavailableError, UnstorableTextError


class _Commands(click.Group):
    """A group whose commands end with one message instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit code 1 for an `OperatorError`, 2 for a wrong setting."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            click.echo(str(error), err=True)
            ctx.exit(2)
        except OperatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)
        except UnstorableTextError:
            click.echo("An argument is not UTF-8.", err=True)
            ctx.exit(1)
        except UnavailableError as error:
            click.echo(_words(error), err=True)
            ctx.exit(1)


def _words(error: UnavailableError) -> str:
    if isinstance(error, DatabaseUnavailableError) and error.fault is not DatabaseFault.UNREACHED:
        return f"{error}: `billing_link doctor` says what to do"
    return "The database does not answer. Is it running, and is BILLING_LINK_DATABASE_URL right?"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """billing_link finds residents' utility accounts and links them. Settings: BILLING_LINK_… variables."""


main.add_command(migrate)
main.add_command(serve)
main.add_command(cities)
main.add_command(import_records)
main.add_command(health)
main.add_command(doctor)
main.add_command(audit)
