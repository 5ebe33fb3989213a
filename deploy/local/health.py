"""Waits until every process with a health check is ready."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial

from deploy.local.commands import environment
from deploy.local.settings import Settings

SECONDS_BETWEEN = 0.2
SECONDS_TO_ANSWER = 3
SECONDS_TO_START = 15


def checks(settings: Settings) -> dict[str, Callable[[], bool]]:
    """Return the health check of each process, by its name in the Procfile."""
    values = settings.values
    return {
        "inbox": partial(_responds, f"http://{values['INBOX_BIND']}/health/live"),
        "simulated_providers": partial(_responds, f"http://{values['SIMULATED_PROVIDERS_BIND']}/health/live"),
        "identity": partial(_responds, f"{values['IDENTITY_ISSUER']}/health/ready"),
        "billing_link": partial(_billing_link, settings.of("BILLING_LINK")),
        "portal": partial(_responds, f"{values['PORTAL_BASE_URL']}/health/ready"),
        "city_website": partial(_responds, f"{values['CITY_WEBSITE_BASE_URL']}/health/ready"),
    }


def wait(checks: Mapping[str, Callable[[], bool]], seconds: float) -> list[str]:
    """Run the checks until all pass or the time is over; return the names of those that do not pass."""
    end = time.monotonic() + seconds
    waiting = list(checks)
    while waiting:
        waiting = [name for name in waiting if not checks[name]()]
        if waiting and time.monotonic() > end:
            break
        if waiting:
            time.sleep(SECONDS_BETWEEN)
    return waiting


def _responds(url: str) -> bool:
    # No proxy of the environment: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS_TO_ANSWER) as response:
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP's "OK"
    except (urllib.error.URLError, OSError):
        return False


def _billing_link(settings: Mapping[str, str]) -> bool:
    """Run `billing_link health` once the port is open; before that it would only slow the other starts."""
    host, _, port = settings["BILLING_LINK_BIND"].rpartition(":")
    command = ("billing_link", "health")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_TO_ANSWER).close()
        checked = subprocess.run(
            command, env=environment(settings), capture_output=True, check=False, timeout=SECONDS_TO_START
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return checked.returncode == 0
