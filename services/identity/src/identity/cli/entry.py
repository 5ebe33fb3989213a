"""The command `identity`."""

import click

from identity.cli.cities import cities
from identity.cli.clients import clients
from identity.cli.database import migrate
from identity.cli.doctor import doctor
from identity.cli.keys import keys
from identity.cli.providers import providers
from identity.cli.resources import resources
from identity.cli.serve import serve
from identity.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="community-access-identity", prog_name="identity")
def main() -> None:
    """Run and look after the Community Access ID. Settings are read from IDENTITY_… variables."""


for command in (serve, worker, migrate, cities, clients, resources, keys, providers, doctor):
    main.add_command(command)
