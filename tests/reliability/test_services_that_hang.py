"""A billing_link or an identity that hangs: the portal's other pages do not wait for it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from joserfc import jwt
from local_stack import free_ports

from tests.billing_link.conftest import CITY, HEADER, RECORDS
from tests.portal.doubles import identity as identity_double
from tests.portal.doubles.identity import CITY_ID, FakeIdentity

COMMANDS = Path(sys.executable).parent
SECONDS_TO_START = 60
UNAVAILABLE = "Your billing information cannot be shown just now"
# Requests that wait for billing_link at the same time: twice the threads of a process and more.
WAITING = 30


@dataclass(frozen=True)
class Services:
    """A portal, by its address, and a billing_link, by its process."""

    portal: str
    billing_link: "subprocess.Popen[bytes]"

    def get(self, path: str, session: requests.Session | None = None) -> tuple[requests.Response, float]:
        """Return the portal's response and the seconds until it."""
        began = time.monotonic()
        answer = (session or requests).get(self.portal + path, timeout=30, allow_redirects=False)
        return answer, time.monotonic() - began

    def shows_accounts(self, resident: requests.Session) -> bool:
        """Tell whether billing_link answers the resident's home page."""
        return UNAVAILABLE not in self.get("/home", resident)[0].text

    def wait_with_many(
        self, resident: requests.Session, paths: list[str], *, seconds: float
    ) -> list[tuple[requests.Response, float]]:
        """Ask for these pages many times at once; check meanwhile that the other pages do not wait."""
        with ThreadPoolExecutor(WAITING) as pool:
            waiting = [pool.submit(self.get, path, resident) for path in paths * (WAITING // len(paths))]
            time.sleep(0.5)
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                for path in ("/", "/health/live", "/health/ready", "/sign-in"):
                    answer, waited = self.get(path)
                    assert answer.status_code in (200, 303)
                    assert waited < 1, path
            return [each.result() for each in waiting]

    def sign_in(self) -> requests.Session:
        """Return the browser of a resident."""
        session = requests.Session()

        def is_signed_in() -> bool:
            answer = session.get(f"{self.portal}/sign-in", timeout=10)
            return urlsplit(answer.url).path == "/home"

        # A portal that has just started may not have identity's keys yet, and says so.
        wait_until(is_signed_in, 20)
        return session


@pytest.fixture(scope="module")
def identity() -> Iterator[FakeIdentity]:
    """Return an identity whose access tokens billing_link can verify."""
    with identity_double.listening() as fake:
        made = fake._tokens  # noqa: SLF001 - only its access tokens are other ones

        def tokens(resource: str) -> dict[str, Any]:
            now = int(datetime.now(UTC).timestamp())
            claims = {
                "iss": fake.issuer,
                "aud": resource,
                "sub": "resident-1",
                "client_id": "citizen-self-service",
                "iat": now,
                "exp": now + 300,
                "jti": str(now),
                "scope": "billing.read billing.link",
                "sid": "identity-session",
                "city": CITY_ID,
            }
            header = {"alg": "ES256", "typ": "at+jwt", "kid": "es"}
            return made(resource) | {"access_token": jwt.encode(header, claims, fake.keys["ES256"])}

        fake._tokens = tokens  # type: ignore[method-assign]  # noqa: SLF001 - as above
        yield fake


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    yield process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(30)


def command(service: str, *arguments: str) -> list[str]:
    path = shutil.which(service, path=str(COMMANDS))
    assert path
    return [path, *arguments]


def wait_until(is_so: Callable[[], bool], seconds: float) -> float:
    """Wait until it is so; return after how many seconds."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.2)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def services(identity: FakeIdentity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    directory = tmp_path_factory.mktemp("services")
    portal_port, billing_link_port = free_ports(2)
    billing_link = {
        "BILLING_LINK_DATABASE_URL": f"sqlite:///{directory / 'billing_link.db'}",
        "BILLING_LINK_BIND": f"127.0.0.1:{billing_link_port}",
        "BILLING_LINK_ISSUER": identity.issuer,
        "BILLING_LINK_RESOURCE_SECRET": "not used",
    }
    portal = {
        "PORTAL_BASE_URL": f"http://127.0.0.1:{portal_port}",
        "PORTAL_BIND": f"127.0.0.1:{portal_port}",
        "PORTAL_DATABASE_URL": f"sqlite:///{directory / 'portal.db'}",
        "PORTAL_SECRET_KEYS": "a key of thirty-two characters or more",
        "PORTAL_ISSUER": identity.issuer,
        "PORTAL_CLIENT_ID": "citizen-self-service",
        "PORTAL_CLIENT_SECRET": "portal-secret",
        "PORTAL_CITY": CITY_ID,
        "PORTAL_BILLING_LINK_TARGET": f"127.0.0.1:{billing_link_port}",
    }
    city, records = directory / "city.json", directory / "records.csv"
    city.write_text(json.dumps(CITY))
    records.write_text("\n".join((HEADER, *RECORDS, "")))
    for line in (
        command("billing_link", "migrate"),
        command("billing_link", "cities", "put", str(city)),
        command("billing_link", "import", str(records), "--city", CITY_ID),
        command("portal", "migrate"),
    ):
        subprocess.run(line, env=os.environ | billing_link | portal, check=True, capture_output=True)
    with (
        running(command("billing_link", "serve"), billing_link) as process,
        running(command("portal", "serve"), portal),
    ):
        made = Services(portal["PORTAL_BASE_URL"], process)

        def is_up() -> bool:
            try:
                return made.get("/health/ready")[0].status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(is_up, SECONDS_TO_START)
        yield made


def test_other_pages_go_on_and_accounts_come_back(services: Services) -> None:
    resident = services.sign_in()
    wait_until(lambda: services.shows_accounts(resident), SECONDS_TO_START)
    services.billing_link.send_signal(signal.SIGSTOP)

    waited = services.wait_with_many(resident, ["/home", "/utility-billing"], seconds=5)

    assert all(answer.status_code == 200 and UNAVAILABLE in answer.text for answer, _ in waited)
    assert max(seconds for _, seconds in waited) < 5
    # The circuit is open: a page does not wait for it any more.
    assert sum(services.get("/home", resident)[1] < 1 for _ in range(3)) >= 2

    services.billing_link.send_signal(signal.SIGCONT)

    assert wait_until(lambda: services.shows_accounts(resident), 10) < 8


def test_other_pages_go_on_while_identity_hangs(services: Services, identity: FakeIdentity) -> None:
    residents = [services.sign_in() for _ in range(3)]
    identity.delay = dict.fromkeys(("/token", "/userinfo", f"/cities/{CITY_ID}"), 10)
    try:
        for resident in residents:
            services.wait_with_many(resident, ["/home"], seconds=2)
    finally:
        # The other test of this module may come after this one.
        identity.delay = {}
