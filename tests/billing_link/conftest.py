"""A city with records, callers, and a substitute for identity on loopback."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from billing_link.billing_records.import_records import Imported, ImportRecords
from billing_link.billing_records.store import ImportedRecords
from billing_link.clock import FixedClock
from billing_link.linking.account_reads.reads import AccountReads
from billing_link.linking.account_reads.store import JoinedReads
from billing_link.linking.auto_link import AutoLink
from billing_link.linking.cities import read_city
from billing_link.linking.city_cache import CityCache, ServedCity
from billing_link.linking.city_store import Cities
from billing_link.linking.get_account import GetAccount
from billing_link.linking.link_account import LinkAccount
from billing_link.linking.list_linked_accounts import ListLinkedAccounts
from billing_link.linking.resolve_account import ResolveAccount, TypedNumbers
from billing_link.linking.unlink_account import UnlinkAccount
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller
from billing_link.tokens.security_events import SESSION_REVOKED
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

AUDIENCE = "urn:community-access:billing-link"
CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "account_number": {"segments": [{"width": 6}, {"width": 2}]},
    "customer_id": {"segments": [{"width": 6}]},
}
HEADER = (
    "record,account_number,customer_id,name,service_address,mailing_address,status,closed_on,services,"
    "entry_id,kind,posted_on,due_on,amount,bill_number,email"
)
RECORDS = [
    "account,004215-01,108734,Jane Example,7100 60th St N,PO Box 12,active,,water;sewer,,,,,,,",
    "account,004216-02,108735,John Sample,7104 60th St N,,active,,water,,,,,,,",
    "account,004217-01,108735,John Sample,7108 60th St N,,active,,water,,,,,,,",
    "account,003990-01,107001,Maria Prueba,5141 78th Ave N,,closed,2026-03-31,water,,,,,,,",
    "account,003991-01,107002,Ended Long Ago,5142 78th Ave N,,closed,2024-11-23,water,,,,,,,",
    "entry,004215-01,108734,,,,,,,E-1,bill,2026-10-05,2026-10-26,84.12,B-1,",
    "entry,004215-01,108734,,,,,,,E-2,payment,2026-10-20,,-84.12,,",
    "entry,004215-01,108734,,,,,,,E-3,bill,2026-11-05,2026-11-26,79.80,B-2,",
    "registration,004215-01,108734,Jane Example,,,,,,,,,,,,jane@example.com",
    "registration,004216-02,108735,John Sample,,,,,,,,,,,,john@example.com",
    "registration,004217-01,108735,John Sample,,,,,,,,,,,,john@example.com",
    "registration,003991-01,107002,Ended Long Ago,,,,,,,,,,,,ended@example.com",
]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


@pytest.fixture
def database_url(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("billing_link")


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    storage = Storage(database_url, pool_size=24)
    yield storage
    storage.dispose()


@pytest.fixture
def records_file() -> Callable[..., bytes]:
    """Return a function from lines to a records file."""
    return lambda *lines: "\n".join((HEADER, *lines, "")).encode()


@pytest.fixture
def put_city(storage: Storage, clock: FixedClock) -> Callable[..., ServedCity]:
    """Return a function that adds or changes a city."""

    def put(**changes: Any) -> ServedCity:
        city = read_city(CITY | changes)
        with storage.transaction() as tx:
            Cities(tx).put_city(city.id, city.model_dump(mode="json", exclude_none=True), clock.now())
        return ServedCity(city, city.bill_numbers())

    return put


@pytest.fixture
def import_records(storage: Storage, clock: FixedClock, records_file) -> Callable[..., Any]:
    """Return a function that imports lines, or a whole file, into a city."""

    def run(served: ServedCity, *lines: str, file: bytes | None = None) -> Any:
        raw = io.BytesIO(records_file(*lines) if file is None else file)
        return ImportRecords(storage, clock)(raw, served.city.id, served.numbers, lambda: None)

    return run


@pytest.fixture
def served(put_city, import_records) -> ServedCity:
    """Return the sample city with its records."""
    city = put_city()
    assert isinstance(import_records(city, *RECORDS), Imported)
    return city


@pytest.fixture
def reads(storage: Storage) -> AccountReads:
    """Return how the calls read accounts; tests of records elsewhere replace it."""
    return JoinedReads(storage)


@pytest.fixture
def verbs(storage: Storage, reads: AccountReads, clock: FixedClock) -> SimpleNamespace:
    """Return every verb, and the parts that they share."""
    records = ImportedRecords(storage)
    link = LinkAccount(storage, records, clock)
    auto_link = AutoLink(storage, records, clock)
    return SimpleNamespace(
        records=records,
        link=link,
        auto_link=auto_link,
        resolve=ResolveAccount(storage, records, reads, link, clock),
        list_linked=ListLinkedAccounts(reads, auto_link),
        get_account=GetAccount(reads),
        unlink=UnlinkAccount(storage, reads, clock),
        cities=CityCache(storage, clock),
    )


@pytest.fixture
def resident(clock: FixedClock) -> Callable[..., Caller]:
    """Return a function that makes callers."""

    def make(subject: str = "jane", **changes: Any) -> Caller:
        fields = {
            "issuer": "https://id.example.gov",
            "subject": subject,
            "city_id": "pinellas-park",
            "client_id": "citizen-self-service",
            "session_id": "session-1",
            "scopes": frozenset({"billing.read", "billing.link"}),
            "issued_at": clock.now(),
            "expires_at": clock.now(),
            "verified_email": "",
            "given_name": "Jane",
            "family_name": "Example",
        }
        return Caller(**(fields | changes))

    return make


@pytest.fixture
def typed() -> Callable[..., TypedNumbers]:
    """Return a function from two numbers to what a resident typed."""
    return lambda account, customer, *, remember=False: TypedNumbers(account, customer, remember)


@pytest.fixture
def queued(storage: Storage) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that lists the notifications that were queued, by kind and resident."""
    return lambda: _rows(storage, "SELECT kind, subject, details, state FROM notices ORDER BY kind, subject")


@pytest.fixture
def audited(storage: Storage) -> Callable[[], list[str]]:
    """Return a function that lists the audit events, by name."""
    return lambda: [row["event"] for row in _rows(storage, "SELECT event FROM audit_events ORDER BY event")]


@pytest.fixture
def rows(storage: Storage) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that reads the database."""
    return lambda statement: _rows(storage, statement)


def _rows(storage: Storage, statement: str) -> list[dict[str, Any]]:
    with storage.autocommit() as connection:
        found = [dict(row) for row in connection.exec_driver_sql(statement).mappings()]
    for row in found:
        if isinstance(row.get("details"), str):
            row["details"] = json.loads(row["details"])
    return found


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, ECKey | RSAKey]:
    """Return private keys by id; making an RSA key takes a while."""
    return {
        "ec": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig", "alg": "ES256"}),
        "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig", "alg": "RS256"}),
        "new": ECKey.generate_key("P-256", {"kid": "new", "use": "sig", "alg": "ES256"}),
        "stranger": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig", "alg": "ES256"}),
    }


class Identity:
    """A substitute for the endpoints of identity that billing_link calls, on a port of its own."""

    def __init__(self, keys: dict[str, ECKey | RSAKey]) -> None:
        self.keys = keys
        self.published: list[Any] = [keys["ec"].as_dict(private=False), keys["rsa"].as_dict(private=False)]
        self.cache_control = "public, max-age=300"
        self.metadata: dict[str, Any] = {}
        self.requests: list[str] = []
        self.notifications: list[dict[str, Any]] = []
        self.notification_status = 202
        self.polls: list[dict[str, Any]] = []
        self.events: list[str] = []
        self.poll_status = 200
        self.poll_body: bytes | None = None
        self.status = 200
        self.body: bytes | None = None
        # Sends each body byte by byte.
        self.trickles = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self, *, key: str = "ec", header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return an access token; a claim of None is left out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "jane",
            "client_id": "citizen-self-service",
            "iat": now,
            "exp": now + 300,
            "jti": "1",
            "scope": "openid billing.read billing.link",
            "sid": "session-1",
            "city": "pinellas-park",
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        signer = self.keys[key]
        alg = "RS256" if key == "rsa" else "ES256"
        full = {"alg": alg, "typ": "at+jwt", "kid": signer.kid} | (header or {})
        full = {name: value for name, value in full.items() if value is not None}
        # Not by `jwt.encode`, which refuses what an attacker may write.
        return jws.serialize_compact(full, json.dumps(claims).encode(), signer, algorithms=[alg])

    def event(
        self, session_id: str, *, key: str = "ec", header: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """Return a security event token for the end of a session; a claim of None is left out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "jti": "1",
            "sub_id": {"format": "complex", "session": {"format": "opaque", "id": session_id}},
            "events": {SESSION_REVOKED: {"event_timestamp": now}},
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        full = {"alg": "ES256", "typ": "secevent+jwt", "kid": self.keys[key].kid} | (header or {})
        return jws.serialize_compact(full, json.dumps(claims).encode(), self.keys[key], algorithms=["ES256"])

    def answer_poll(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Answer like identity's `POST /events/poll`; `since` returns every event."""
        after = body.get("after", 0)
        told = self.events[after : after + body["maxEvents"]]
        cursor = after + len(told)
        sets = {str(position): token for position, token in enumerate(told, after)}
        answer = {"sets": sets, "cursor": cursor, "moreAvailable": cursor < len(self.events)}
        return self.poll_status, json.dumps(answer).encode() if self.poll_body is None else self.poll_body

    def answer_get(self, path: str) -> tuple[int, dict[str, Any] | bytes]:
        if self.body is not None:
            return self.status, self.body
        if path == "/.well-known/openid-configuration":
            metadata = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
            return self.status, metadata | self.metadata
        return self.status, {"keys": self.published}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        identity = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                identity.requests.append(self.path)
                status, document = identity.answer_get(self.path)
                self._send(status, document if isinstance(document, bytes) else json.dumps(document).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/events/poll":
                    identity.polls.append(body | {"authorization": self.headers["Authorization"]})
                    self._send(*identity.answer_poll(body))
                    return
                identity.notifications.append(body | {"authorization": self.headers["Authorization"]})
                self._send(identity.notification_status, b"{}")

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", identity.cache_control)
                self.end_headers()
                # A client that waits no longer closes the connection.
                with suppress(OSError):
                    for byte in body if identity.trickles else ():
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.3)
                    if not identity.trickles:
                        self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Log nothing."""

        return Handler


@pytest.fixture
def identity(signing_keys: dict[str, ECKey | RSAKey]) -> Iterator[Identity]:
    identity = Identity(signing_keys)
    yield identity
    identity.close()
