"""A reset shuts out the sign-ins that are under way with the password before: real processes, PostgreSQL."""

import random
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from threading import Barrier
from time import sleep

import pytest
from flask import Flask
from identity.continuation import Continuation, Continuations
from identity.residents.accounts import addresses
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.models import Session
from identity.secret_keys import SecretKeys
from identity.storage import Storage, table_of
from local_stack import free_ports
from service_processes import SECONDS_TO_START, SECRET_KEYS, WebService, wait_until
from sqlalchemy import func, select

EMAIL = "jane@example.com"
PASSWORDS = ("seven herons over the pond", "four tall palms in the wind")
AT_ONCE = 8
# Each found two sessions and more that lived on, before sessions began with a look at the password.
ROUNDS = 8


class Form:
    """A browser at its own address, with one page's form."""

    def __init__(self, base: str, path: str, address: str) -> None:
        self._url, self._address = base + path, address
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
        self._token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', self._send(None))[0]

    def submit(self, **fields: str) -> str:
        return self._send({"csrf_token": self._token, **fields})

    def _send(self, fields: dict[str, str] | None) -> str:
        data = urllib.parse.urlencode(fields).encode() if fields else None
        headers = {"X-Forwarded-For": self._address}
        request = urllib.request.Request(self._url, data=data, headers=headers)  # noqa: S310 - of this test
        try:
            with self._opener.open(request, timeout=20) as response:
                # Where the form was found: the token of a link is taken out of the address.
                self._url = response.url
                return response.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()


class Jane:
    """A resident in the service's database."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._keys = SecretKeys([SECRET_KEYS])
        now = datetime.now(UTC)
        with storage.transaction() as tx:
            self._id = (
                Accounts(tx)
                .create(
                    address=addresses.parse(EMAIL),
                    address_verified=True,
                    sign_in_method=SignInMethod.PASSWORD,
                    given_name="Jane",
                    family_name="Doe",
                    language="en",
                    city_id=None,
                    now=now,
                )
                .id
            )
            Passwords(tx).set_password(self._id, PasswordHasher("argon2id").hash(PASSWORDS[0]), now)

    def reset_path(self) -> str:
        signed = Continuations(self._keys).sign(Continuation())
        purpose = Purpose.RESET_PASSWORD
        with self._storage.transaction() as tx:
            token = ActionLinks(tx).issue_link(purpose, self._id, signed, purpose.lifetime, datetime.now(UTC))
        return f"/reset-password?token={token}"

    def live_sessions(self) -> int:
        table = table_of(Session)
        with self._storage.autocommit() as connection:
            counted = select(func.count()).select_from(table).where(table.c.ended_at.is_(None))
            return connection.execute(counted).scalar_one()


@pytest.fixture
def service(database, start) -> Iterator[tuple[str, Jane]]:
    url = database("identity").url
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    process = start(
        "identity",
        "serve",
        IDENTITY_BIND=f"127.0.0.1:{port}",
        IDENTITY_DATABASE_URL=url,
        IDENTITY_SECRET_KEYS=SECRET_KEYS,
        IDENTITY_ISSUER=address,
        IDENTITY_TRUSTED_PROXIES="1",
    )
    running = WebService("identity", process, address)
    wait_until(lambda: running.ready().status == 200, SECONDS_TO_START, lambda: process.output)
    storage, app = Storage(url), Flask("identity")
    storage.init_app(app)
    with app.app_context():
        yield address, Jane(storage)
    storage.dispose()


def test_no_sign_in_with_the_password_before_lives_on(service) -> None:
    address, jane = service
    lived_on, shut_out = [], 0
    for number in range(ROUNDS):
        before, after = PASSWORDS[number % 2], PASSWORDS[(number + 1) % 2]
        reset = Form(address, jane.reset_path(), "198.51.100.1")
        # From one network: forms take turns by network, and the reset has its turn among theirs.
        forms = [Form(address, "/sign-in", f"10.{number}.0.1") for _ in range(AT_ONCE)]
        together = Barrier(AT_ONCE + 1)

        def sign_in(form: Form, together: Barrier = together, password: str = before) -> str:
            together.wait()
            return form.submit(email=EMAIL, password=password)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            under_way = [pool.submit(sign_in, form) for form in forms]
            together.wait()
            sleep(random.uniform(0, 0.08))  # noqa: S311 - when, among the hashes
            changed = reset.submit(password=after, sign_out_others="y")
            pages = [one.result() for one in under_way]
        assert "Your password was changed" in changed
        # In and at once out again, in and out later, or refused.
        assert all("Your profile" in page or "Sign in to community access" in page for page in pages)
        shut_out += sum("Unable to sign in" in page for page in pages)
        lived_on.append(jane.live_sessions())
    assert lived_on == [0] * ROUNDS
    # Else every sign-in was over when the reset came, and nothing was tried.
    assert shut_out > 0
