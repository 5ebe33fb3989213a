"""Each distribution builds a wheel, installs alone, starts with its own settings, answers, and stops."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from local_stack import free_ports

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PROTOS, IDENTITY, BILLING_LINK, PORTAL = (
    "protos",
    "services/identity",
    "services/billing_link",
    "services/portal",
)
SECRET = "a secret of the tests that is long enough"
SECONDS = 60


def run(*command: str | Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


def build(distribution: str, directory: Path) -> Path:
    """Build a wheel from a copy of the distribution, so that nothing beside it is packed by mistake."""
    copy = directory / "source"
    shutil.copytree(ROOT / distribution, copy, ignore=shutil.ignore_patterns("__pycache__"))
    run(BIN / "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, copy)
    shutil.rmtree(copy)
    return next(directory.glob("*.whl"))


class Installed:
    """An environment that has one distribution and what its own lock names."""

    def __init__(self, directory: Path, distribution: str, needs: tuple[str, ...] = ()) -> None:
        self.directory = directory
        name = Path(distribution).name
        wheels = []
        for part in (*needs, distribution):
            place = directory / Path(part).name
            place.mkdir()
            wheels.append(build(part, place))
        self.files = zipfile.ZipFile(wheels[-1]).namelist()
        self._uv("venv", "--quiet", "--python", sys.executable, directory / "venv")
        lock = ROOT / "requirements" / f"{name}.txt"
        if lock.exists():
            self._install("--require-hashes", "-r", lock)
            self._install("--no-deps", *wheels)
        else:
            self._install(*wheels)
        self._uv("pip", "check", "--quiet", "--python", directory / "venv")

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        return {"PATH": f"{self.directory / 'venv' / 'bin'}{os.pathsep}{os.defpath}"} | settings

    def run(self, *command: str, **settings: str) -> str:
        executable = self.directory / "venv" / "bin" / command[0]
        return run(executable, *command[1:], environment=self.environment(settings), cwd=self.directory)

    @contextmanager
    def serving(self, *command: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a server; at the end it is told to stop, and must do so cleanly with all its workers."""
        log = self.directory / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [str(self.directory / "venv" / "bin" / command[0]), *command[1:]],
                env=self.environment(settings),
                cwd=self.directory,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield server
                server.send_signal(signal.SIGTERM)
                assert server.wait(15) == 0, log.read_text()
                with pytest.raises(ProcessLookupError):
                    os.killpg(server.pid, 0)
            finally:
                if server.poll() is None:
                    os.killpg(server.pid, signal.SIGKILL)
                    server.wait()

    def _install(self, *arguments: str | Path) -> None:
        install = ("pip", "install", "--quiet", "--python", self.directory / "venv", *arguments)
        try:
            # What this environment was installed from is still in uv's cache: no network is needed.
            self._uv(*install, "--offline")
        except AssertionError:
            self._uv(*install)

    def _uv(self, *arguments: str | Path) -> None:
        run(BIN / "uv", *arguments)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> int:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - a server of this test
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_the_contract_installs_alone(tmp_path: Path) -> None:
    protos = Installed(tmp_path, PROTOS)

    printed = protos.run(
        "python", "-c", "import community_access.billing_link.v1.billing_link_pb2_grpc as c; print(c)"
    )

    assert str(tmp_path) in printed
    assert "community_access/billing_link/v1/billing_link.proto" in protos.files
    assert "community_access/py.typed" in protos.files


def test_identity_installs_alone_and_answers(tmp_path: Path) -> None:
    identity = Installed(tmp_path, IDENTITY)
    (port,) = free_ports(1)
    settings = {
        "IDENTITY_ISSUER": f"http://localhost:{port}",
        "IDENTITY_BIND": f"127.0.0.1:{port}",
        "IDENTITY_DATABASE_URL": f"sqlite:///{tmp_path}/identity.db",
        "IDENTITY_SECRET_KEYS": SECRET,
    }

    identity.run("identity", "migrate", **settings)
    with identity.serving("identity", "serve", **settings) as server:
        status = wait_for(f"{settings['IDENTITY_ISSUER']}/health/ready", server, tmp_path / "server.log")

    assert status == 200
    assert_has_its_pages(identity.files, "identity")


def test_billing_link_installs_alone_and_answers(tmp_path: Path) -> None:
    billing_link = Installed(tmp_path, BILLING_LINK, needs=(PROTOS,))
    (port,) = free_ports(1)
    settings = {
        "BILLING_LINK_BIND": f"127.0.0.1:{port}",
        "BILLING_LINK_DATABASE_URL": f"sqlite:///{tmp_path}/billing_link.db",
        "BILLING_LINK_ISSUER": "http://localhost:8000",
        "BILLING_LINK_RESOURCE_SECRET": SECRET,
    }

    billing_link.run("billing_link", "migrate", **settings)
    with billing_link.serving("billing_link", "serve", **settings) as server:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and server.poll() is None:
            try:
                billing_link.run("billing_link", "health", BILLING_LINK_BIND=settings["BILLING_LINK_BIND"])
                break
            except AssertionError:
                time.sleep(0.2)
        else:
            pytest.fail((tmp_path / "server.log").read_text())


def test_portal_installs_alone_and_answers(tmp_path: Path) -> None:
    portal = Installed(tmp_path, PORTAL, needs=(PROTOS,))
    (port,) = free_ports(1)
    settings = {
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_DATABASE_URL": f"sqlite:///{tmp_path}/portal.db",
        "PORTAL_SECRET_KEYS": SECRET,
        "PORTAL_ISSUER": "http://localhost:8000",
        "PORTAL_CLIENT_ID": "citizen-self-service",
        "PORTAL_CLIENT_SECRET": SECRET,
        "PORTAL_CITY": "pinellas-park",
    }

    portal.run("portal", "migrate", **settings)
    with portal.serving("portal", "serve", **settings) as server:
        status = wait_for(f"{settings['PORTAL_BASE_URL']}/health/live", server, tmp_path / "server.log")

    assert status == 200
    assert_has_its_pages(portal.files, "portal")


def assert_has_its_pages(files: list[str], package: str) -> None:
    """Templates, the design system, the migrations and the compiled translations are inside the wheel."""
    patterns = (
        rf"{package}/templates/.+\.html",
        rf"{package}/static/uswds/css/uswds\.min\.css",
        rf"{package}/migrations/.+\.py",
        rf"{package}/translations/es/LC_MESSAGES/messages\.mo",
    )
    missing = [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in files)]

    assert missing == []
