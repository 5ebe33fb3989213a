"""The processes that an operator starts: a signal ends each at any moment, and no two share a port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from local_stack import free_ports

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

KEY = "a key of thirty-two characters or more"
COMMANDS = ("identity serve", "identity worker", "billing_link serve", "portal serve")
MOMENTS = 20
# Of a machine that starts several at once.
SECONDS_TO_START, SECONDS_TO_END = 60, 20
AT_ONCE = 3
# In order, or by the signal itself before the process has handlers. Click ends with 1 at Ctrl-C.
ENDED = {signal.SIGTERM: {0, -signal.SIGTERM}, signal.SIGINT: {0, 1, -signal.SIGINT, 130}}


@dataclass(frozen=True)
class Service:
    """A command with its settings."""

    command: str
    settings: dict[str, str]
    port: int

    @property
    def bind(self) -> str:
        """The variable that names its address."""
        return f"{self.command.partition(' ')[0].upper()}_BIND"

    def start(self, **settings: str) -> subprocess.Popen[str]:
        name, subcommand = self.command.split()
        return subprocess.Popen(
            [Path(sys.executable).parent / name, subcommand],
            env={"PATH": os.environ["PATH"]} | self.settings | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def is_up(self) -> bool:
        if not self.port:
            return False
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def answers(self) -> bool:
        """Tell whether a web server answers requests."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/health/live")
            return connection.getresponse().status == HTTPStatus.OK
        return False


def migrate(service: str, settings: dict[str, str]) -> None:
    command = [Path(sys.executable).parent / service, "migrate"]
    environment = {"PATH": os.environ["PATH"]} | settings
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=SECONDS_TO_START)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Service]:
    directory = tmp_path_factory.mktemp("services")
    ports = dict(zip(("identity", "billing_link", "portal"), free_ports(3), strict=True))
    issuer = f"http://localhost:{ports['identity']}"
    own = {
        "identity": {"IDENTITY_ISSUER": issuer, "IDENTITY_SECRET_KEYS": KEY},
        "billing_link": {"BILLING_LINK_ISSUER": issuer, "BILLING_LINK_RESOURCE_SECRET": KEY},
        "portal": {
            "PORTAL_BASE_URL": f"http://127.0.0.1:{ports['portal']}",
            "PORTAL_SECRET_KEYS": KEY,
            "PORTAL_ISSUER": issuer,
            "PORTAL_CLIENT_ID": "citizen-self-service",
            "PORTAL_CLIENT_SECRET": KEY,
            "PORTAL_CITY": "pinellas-park",
        },
    }
    for name, settings in own.items():
        prefix = name.upper()
        settings[f"{prefix}_DATABASE_URL"] = f"sqlite:///{directory}/{name}.db"
        settings[f"{prefix}_BIND"] = f"127.0.0.1:{ports[name]}"
        migrate(name, settings)
    names = {command: command.split()[0] for command in COMMANDS}
    return {
        command: Service(command, own[name], 0 if "worker" in command else ports[name])
        for command, name in names.items()
    }


@pytest.fixture
def ended() -> Iterator[Callable[[subprocess.Popen[str]], None]]:
    """Return a function that is told of a process; whatever of it is left at the end is killed."""
    processes: list[subprocess.Popen[str]] = []
    yield processes.append
    for process in processes:
        kill_group(process)


def kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout
    process.stdout.close()


def has_left_nothing(process: subprocess.Popen[str]) -> bool:
    """Return whether the process group is gone."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def seconds_to_start(service: Service) -> float:
    """Return how long a start takes: until the port answers, or until the worker waits."""
    began = time.monotonic()
    process = service.start()
    try:
        if not service.port:
            time.sleep(2)
            return 2
        while not service.is_up():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < began + SECONDS_TO_START
            time.sleep(0.02)
        return time.monotonic() - began
    finally:
        kill_group(process)


def signalled(service: Service, number: int, seconds: float) -> str:
    """Start, send the signal to the main process after some seconds; return what is wrong, or nothing."""
    (port,) = free_ports(1)
    # Each start has a port of its own, so that several can go on at once.
    process = service.start(**{service.bind: f"127.0.0.1:{port}"})
    try:
        time.sleep(seconds)
        process.send_signal(number)
        code = process.wait(SECONDS_TO_END)
        if code not in ENDED[signal.Signals(number)]:
            return f"after {seconds:.2f} s: exit code {code}, {process.communicate()[0]}"
        return "" if has_left_nothing(process) else f"after {seconds:.2f} s: left a process"
    except subprocess.TimeoutExpired:
        return f"after {seconds:.2f} s: still running"
    finally:
        kill_group(process)


@pytest.mark.parametrize("command", COMMANDS)
def test_sigterm_ends_it_at_every_moment_of_the_start(services: dict[str, Service], command: str) -> None:
    service = services[command]
    whole = seconds_to_start(service) * 1.2
    moments = [whole * moment / (MOMENTS - 1) for moment in range(MOMENTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = list(pool.map(lambda moment: signalled(service, signal.SIGTERM, moment), moments))
    assert [each for each in wrong if each] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_ends_it_too(services: dict[str, Service], command: str) -> None:
    service = services[command]
    whole = seconds_to_start(service) * 1.2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = list(pool.map(lambda part: signalled(service, signal.SIGINT, whole * part), (0.3, 0.7, 1)))
    assert [each for each in wrong if each] == []


@pytest.mark.parametrize(("command", "path"), [("identity serve", "/token"), ("portal serve", "/sign-out")])
def test_the_first_signal_waits_for_a_request_and_the_second_does_not(
    services: dict[str, Service], ended: Callable[[subprocess.Popen[str]], None], command: str, path: str
) -> None:
    service = services[command]
    process = service.start()
    ended(process)
    end = time.monotonic() + SECONDS_TO_START
    # A connection made before a process serves may be cut off.
    while not service.answers():
        assert time.monotonic() < end
        time.sleep(0.05)
    with socket.create_connection(("127.0.0.1", service.port)) as unfinished:
        unfinished.settimeout(SECONDS_TO_START)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"
        form = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        unfinished.sendall(f"{head}{form}".encode())
        # From now on a thread waits for the body, which never comes.
        assert unfinished.recv(100).startswith(b"HTTP/1.1 100 ")
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert has_left_nothing(process)


@pytest.mark.parametrize("command", ["identity serve", "billing_link serve", "portal serve"])
def test_of_two_that_start_together_one_listens(
    services: dict[str, Service], ended: Callable[[subprocess.Popen[str]], None], command: str
) -> None:
    service = services[command]
    both = [service.start(), service.start()]
    for process in both:
        ended(process)
    end = time.monotonic() + SECONDS_TO_START
    while all(process.poll() is None for process in both) or not service.is_up():
        assert time.monotonic() < end
        time.sleep(0.05)
    (refused,) = [process for process in both if process.poll() is not None]
    assert refused.returncode == 2
    assert f"{service.bind}: cannot listen on {service.settings[service.bind]}" in refused.communicate()[0]


@pytest.mark.parametrize("command", ["identity serve", "portal serve"])
@pytest.mark.parametrize("taken", ["127.0.0.1", "0.0.0.0", "::"])  # noqa: S104 - for a moment
def test_a_port_that_another_address_takes_is_refused_too(
    services: dict[str, Service], command: str, taken: str
) -> None:
    service = services[command]
    family = socket.AF_INET6 if taken == "::" else socket.AF_INET
    with socket.socket(family) as listener:
        # Even where the other one shares its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((taken, 0))
        listener.listen()
        process = service.start(**{service.bind: f"0.0.0.0:{listener.getsockname()[1]}"})
        said = process.communicate(timeout=SECONDS_TO_START)[0]
    assert process.returncode == 2
    assert "Address already in use" in said


@pytest.mark.parametrize("command", ["identity serve", "portal serve"])
def test_a_process_that_cannot_start_ends_the_service_with_an_error(
    services: dict[str, Service], command: str, tmp_path: Path
) -> None:
    service = services[command]
    # An application that fails in each process: its package shadows the one that is served.
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nsys.modules['{command.partition(' ')[0]}.wsgi'] = None\n"
    )
    process = service.start(PYTHONPATH=str(tmp_path))
    said = process.communicate(timeout=SECONDS_TO_START)[0]
    assert process.returncode == 1
    assert '"event": "process.ended"' in said
