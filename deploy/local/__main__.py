"""`make run`: checks the settings, prepares the databases, starts every process, and stops them all."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from deploy.local import health, ports, preparation, secret_file, service_settings, simulated_providers
from deploy.local.errors import LocalError
from deploy.local.processes import STOPS
from deploy.local.settings import Settings, read
from deploy.local.start import Start
from deploy.local.summary import render_summary

PROCFILE = Path(__file__).parent / "Procfile"


def main() -> int:
    """Start everything; returns the exit status."""
    # Databases and logs are readable by this user only.
    os.umask(0o077)
    # A stop signal waits until there is a handler for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        settings = read(os.environ)
        ports.check(settings)
        settings = simulated_providers.add_settings(secret_file.add_secrets(settings))
        service_settings.check(settings)
        asyncio.run(_prepare(settings))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("\nStopped before anything was started.")
        return 0
    print("Starting", flush=True)
    environments = preparation.process_settings(settings)
    return Start(settings, PROCFILE, environments, health.checks(settings), render_summary(settings)).run()


async def _prepare(settings: Settings) -> None:
    """Prepare the databases; a stop signal cancels it."""
    # asyncio warns of a command that ended just before it was stopped.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    print("Preparing the databases and the sample city", flush=True)
    preparing = asyncio.ensure_future(preparation.prepare(settings))
    for number in STOPS:
        asyncio.get_running_loop().add_signal_handler(number, preparing.cancel)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    try:
        await preparing
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


if __name__ == "__main__":
    sys.exit(main())
