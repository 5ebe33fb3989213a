"""Migrates the databases and loads the sample city; running it again changes nothing."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.commands import Command, run_concurrently
from deploy.local.sample_city import identity, records
from deploy.local.settings import AUDIENCE, CITY, DATABASES, ROOT, Settings

RECORDS = "records.csv"
SAMPLE_CITY = Path(__file__).parent / "sample_city"


async def prepare(settings: Settings) -> None:
    """Run every service's own commands; raises `LocalError` with the output of the first that fails."""
    command_lists = [
        [Command(("identity", "migrate"), settings.of("IDENTITY")), *_identity_commands(settings)],
        [
            Command(("billing_link", "migrate"), settings.of("BILLING_LINK")),
            *_billing_link_commands(settings),
        ],
        [Command(("portal", "migrate"), settings.of("PORTAL"))],
    ]
    mark, content = settings.directory / "prepared", _fingerprint(command_lists, settings)
    if _databases_exist(settings) and mark.is_file() and mark.read_text() == content:
        return
    await run_concurrently(*command_lists)
    mark.write_text(content)


def _databases_exist(settings: Settings) -> bool:
    """Tell whether every database is an existing file; other databases are always prepared again."""
    addresses = [settings.values[f"{service}_DATABASE_URL"] for service in DATABASES]
    files = [Path(address.removeprefix("sqlite:///")) for address in addresses]
    return all(file.is_absolute() and file.is_file() for file in files)


def _fingerprint(command_lists: list[list[Command]], settings: Settings) -> str:
    """Return a hash of what the preparation depends on: commands, records and migrations."""
    whole = hashlib.sha256(repr(command_lists).encode())
    for file in (settings.directory / RECORDS, *sorted(ROOT.glob("services/*/src/*/migrations/**/*.py"))):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def process_settings(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the settings of each process of the Procfile, by its name."""
    owners = {
        "identity": "IDENTITY",
        "identity_worker": "IDENTITY",
        "billing_link": "BILLING_LINK",
        "portal": "PORTAL",
        "city_website": "CITY_WEBSITE",
        "inbox": "INBOX",
        "simulated_providers": "SIMULATED_PROVIDERS",
    }
    # Marks the processes of this start in a process list.
    mark = {"LOCAL_DIRECTORY": str(settings.directory)}
    return {process: settings.of(service) | mark for process, service in owners.items()}


def _identity_commands(settings: Settings) -> list[Command]:
    own, values = settings.of("IDENTITY"), settings.values
    resource = ("identity", "resources", "put", AUDIENCE, "--name", "Utility Billing")
    secret = "BILLING_LINK_RESOURCE_SECRET"  # noqa: S105 - the name of a variable
    return [
        Command(("identity", "cities", "put", str(SAMPLE_CITY / "identity.json")), own),
        Command(
            (*resource, "--scopes", "billing.read billing.link", "--secret-from-env", secret),
            own | {secret: values[secret]},
        ),
        # billing_link refuses the tokens of an ended session within seconds.
        Command(
            ("identity", "event-receivers", "put", AUDIENCE, "--secret-from-env", secret),
            own | {secret: values[secret]},
        ),
        *(
            Command(
                ("identity", "clients", "put", "-", "--secret-from-env", secret),
                own | {secret: values[secret]},
                text=json.dumps(client),
            )
            for secret, client in identity.clients(values).items()
        ),
    ]


def _billing_link_commands(settings: Settings) -> list[Command]:
    own = settings.of("BILLING_LINK")
    file = settings.directory / RECORDS
    with file.open("w", encoding="utf-8", newline="") as handle:
        records.write(handle, datetime.now(UTC).date())
    return [
        Command(("billing_link", "cities", "put", str(SAMPLE_CITY / "billing_link.json")), own),
        Command(("billing_link", "import", str(file), "--city", CITY), own),
    ]
