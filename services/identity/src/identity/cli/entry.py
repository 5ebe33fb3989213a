"""The command `identity`."""

from importlib import import_module

import click

# The module of each command. Only the one that runs is imported, which saves time at the start.
COMMANDS = {
    "serve": "identity.cli.serve",
    "worker": "identity.cli.worker",
    "migrate": "identity.cli.database",
    "cities": "identity.cli.cities",
    "clients": "identity.cli.clients",
    "resources": "identity.cli.resources",
    "residents": "identity.cli.residents",
    "event-receivers": "identity.cli.event_receivers",
    "keys": "identity.cli.keys",
    "providers": "identity.cli.providers",
    "audit": "identity.cli.audit",
    "doctor": "identity.cli.doctor",
}


class Commands(click.Group):
    """The commands, each imported at its first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="community-access-identity", prog_name="identity")
def main() -> None:
    """Run and manage the Community Access ID. Settings are read from IDENTITY_… variables."""
