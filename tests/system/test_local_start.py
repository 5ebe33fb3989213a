"""`make run` brings everything up and takes it down, and says what is wrong before anything starts."""

import signal
import socket
import stat
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from local_stack import LocalRun

from deploy.local.sample_city.accounts import AUTO_LINKED, TO_FIND

pytestmark = pytest.mark.system

Run = Callable[..., LocalRun]
Processes = Callable[[str], list[psutil.Process]]
UP = "Ctrl-C stops everything"


def test_everything_comes_up_again_and_again_and_leaves_nothing(
    local_run: Run, free_addresses: dict[str, str], processes: Processes, tmp_path: Path
) -> None:
    secrets = tmp_path / "local" / "secrets.env"
    first = local_run(**free_addresses)
    first.wait_for(UP)

    for url in (free_addresses["CITY_WEBSITE_BASE_URL"], f"{free_addresses['IDENTITY_ISSUER']}/sign-in"):
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a server of this test
            assert answer.status == 200
    for words in (*free_addresses.values(), TO_FIND.account_number, TO_FIND.customer_id, AUTO_LINKED.email):
        assert words in first.output
    for file in (secrets, *secrets.parent.glob("*.db"), *secrets.parent.glob("logs/*.log")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, f"{file.name} is this user's alone"
    made = secrets.read_text()

    assert first.stop(signal.SIGINT) == 0
    assert processes(str(tmp_path)) == []

    began = time.monotonic()
    second = local_run(**free_addresses)
    second.wait_for(UP)
    assert time.monotonic() - began < 30, "a second start takes seconds"
    assert secrets.read_text() == made

    inbox = next(found for found in processes(str(tmp_path)) if found.cmdline()[-1] == "deploy.local.inbox")
    inbox.kill()

    assert second.wait() == 1
    assert "inbox stopped by itself, so everything was stopped" in second.output
    assert processes(str(tmp_path)) == []


def test_a_taken_port_is_named_before_anything_is_done(
    local_run: Run, free_addresses: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        another = f"127.0.0.1:{port + 1}"
        run = local_run(**free_addresses | {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"})

        assert run.wait() == 1

    assert run.output.splitlines() == [
        f"port {port} (portal) is taken: stop what uses it, or set another, such as PORTAL_BIND={another}"
    ]
    assert not (tmp_path / "local").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("IDENTITY_ISSUER", "localhost:8000", "IDENTITY_ISSUER=localhost:8000: give an address such as"),
        ("PORTAL_BIND", "8080", "PORTAL_BIND=8080: give host:port, such as 127.0.0.1:8080"),
        ("LOCAL_LOGS", "screen", "LOCAL_LOGS=screen: give file or terminal"),
        ("IDENTITY_PASSWORD_MIN_LENGTH", "3", "IDENTITY_PASSWORD_MIN_LENGTH: "),
    ],
)
def test_a_wrong_setting_is_named_before_anything_starts(
    local_run: Run, free_addresses: dict[str, str], name: str, value: str, message: str
) -> None:
    run = local_run(**free_addresses | {name: value})

    assert run.wait(30) == 1
    assert message in run.output
    assert "Traceback" not in run.output
    assert "Starting" not in run.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_preparing_leaves_nothing(
    local_run: Run, free_addresses: dict[str, str], processes: Processes, tmp_path: Path, number: int
) -> None:
    run = local_run(**free_addresses)
    run.wait_for("Preparing")

    assert run.stop(number) == 0
    assert "Traceback" not in run.output
    assert processes(str(tmp_path)) == []
