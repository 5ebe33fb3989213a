"""Security events: RFC 8417 (tokens), RFC 9493 (subjects), RFC 8935 (push), RFC 8936 (poll), CAEP, RISC."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote_plus

import pytest
from identity.account_events import (
    AccountDisabled,
    AccountPurged,
    AddressChanged,
    Initiator,
    PasswordChanged,
    SessionEnded,
)
from identity.composition.command_line import create_command_line_app
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import HTTP_LIMITS
from identity.outbox.models import OutboxMessage
from identity.outbox.worker import Worker
from identity.relying_parties.schemas import RegistrationRefusedError
from identity.secret_keys import SecretKeys
from identity.security_events.event_types import EventType
from identity.security_events.push import PushDelivery
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.security_events.store import PolledEvents
from identity.security_events.tokens import SecurityEventTokens
from identity.security_events.transmitter import SecurityEvents
from identity.signing_keys.key_set import KeySet
from identity.storage import Storage
from identity_provider import ISSUER, RESOURCE, SECRET_KEY, Provider
from joserfc import jws

SECRET = "receiver-secret-receiver-secret-00000"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
EVERYTHING = frozenset(each.value for each in EventType)


class Receiver:
    """A receiver on loopback, to be pushed to."""

    def __init__(self) -> None:
        self.status, self.body = 202, b""
        self.received: list[tuple[dict[str, str], str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.uri = f"http://127.0.0.1:{self._server.server_port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.received.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Transmitter:
    """Registers receivers, announces, and polls."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.secret_keys = provider, SecretKeys([SECRET_KEY])
        self.registry = ReceiverRegistry(provider.storage, self.secret_keys, provider.clock)
        self.events = SecurityEvents(self.secret_keys, provider.clock, ISSUER)

    def put(self, receiver_id: str = RESOURCE, types: frozenset[str] = EVERYTHING, **push: str) -> None:
        registration = Registration(receiver_id, push.get("uri"), push.get("authorization"), types)
        self.registry.put(registration, None if push else SECRET)

    def publish(self, *account_events: Any) -> None:
        with self.provider.storage.transaction() as tx:
            self.events.handle(tx, account_events)

    def poll(self, name: str = RESOURCE, secret: str = SECRET, **members: Any) -> Any:
        credentials = base64.b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()
        return self.provider.app.test_client().post(
            "/events/poll", json=members, headers={"Authorization": f"Basic {credentials}"}, base_url=ISSUER
        )

    def polled(self, **members: Any) -> list[dict[str, Any]]:
        response = self.poll(**members)
        assert response.status_code == 200, response.json
        return [self.provider.claims(token) for token in response.json["sets"].values()]


@pytest.fixture
def transmitter(provider: Provider) -> Transmitter:
    return Transmitter(provider)


@pytest.fixture
def worker(provider: Provider, transmitter: Transmitter) -> Worker:
    tokens = SecurityEventTokens(KeySet(provider.storage, transmitter.secret_keys, provider.clock))
    handler = PushDelivery(provider.storage, transmitter.secret_keys, tokens, OutboundHttp(HTTP_LIMITS))
    return Worker(provider.storage, transmitter.secret_keys, [handler], provider.clock)


def ended(number: int = 1) -> SessionEnded:
    return SessionEnded("resident-1", f"sid-{number}")


RESIDENT = {"format": "iss_sub", "iss": ISSUER, "sub": "resident-1"}


class TestRfc8417Tokens:
    def test_2_2_the_claims(self, provider: Provider, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended())
        response = transmitter.poll()
        [(jti, token)] = response.json["sets"].items()
        now = int(provider.clock.now().timestamp())
        assert provider.claims(token) == {
            "iss": ISSUER,
            "aud": RESOURCE,
            "iat": now,
            "jti": jti,
            "sub_id": {
                "format": "complex",
                "user": RESIDENT,
                "session": {"format": "opaque", "id": "sid-1"},
            },
            "events": {f"{CAEP}session-revoked": {"event_timestamp": now, "initiating_entity": "user"}},
        }

    def test_2_3_the_type_is_explicit(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended())
        [token] = transmitter.poll().json["sets"].values()
        header = jws.extract_compact(token.encode()).headers()
        assert (header["typ"], header["alg"]) == ("secevent+jwt", "ES256")

    def test_4_5_it_is_no_access_token(self, provider: Provider, transmitter: Transmitter):
        transmitter.put(receiver_id=ISSUER)
        transmitter.publish(ended())
        [token] = transmitter.poll(name=ISSUER).json["sets"].values()
        assert provider.userinfo(token).status_code == 401
        page = provider.browser().get(f"/end-session?id_token_hint={token}").get_data(as_text=True)
        assert "not an ID token of this issuer" in page

    @pytest.mark.parametrize(
        ("event", "name", "subject", "said"),
        [
            (
                PasswordChanged("resident-1", Initiator.STAFF),
                f"{CAEP}credential-change",
                RESIDENT,
                {"initiating_entity": "admin", "credential_type": "password", "change_type": "update"},
            ),
            (AccountDisabled("resident-1"), f"{RISC}account-disabled", RESIDENT, {}),
            (AccountPurged("resident-1", "jane1@example.com"), f"{RISC}account-purged", RESIDENT, {}),
            (
                AddressChanged("resident-1", "old@example.com", "new@example.com"),
                f"{RISC}identifier-changed",
                {"format": "email", "email": "old@example.com"},
                {"new-value": "new@example.com"},
            ),
        ],
    )
    def test_caep_and_risc_events(self, transmitter: Transmitter, event, name, subject, said):
        transmitter.put()
        transmitter.publish(event)
        [claims] = transmitter.polled()
        assert claims["sub_id"] == subject
        [(event, content)] = claims["events"].items()
        content.pop("event_timestamp", None)
        assert (event, content) == (name, said)


class TestWhatIsTold:
    def test_a_session_that_ends_is_told_in_its_transaction(
        self, provider: Provider, transmitter: Transmitter
    ):
        transmitter.put()
        client = provider.client()
        browser = provider.browser(provider.resident())
        tokens = provider.tokens(browser, client)
        browser.get(f"/end-session?id_token_hint={tokens['id_token']}")
        [claims] = transmitter.polled()
        sid = provider.claims(tokens["access_token"])["sid"]
        assert claims["sub_id"]["session"]["id"] == sid

    def test_only_the_types_a_receiver_wants(self, transmitter: Transmitter):
        transmitter.put(types=frozenset({"credential-change"}))
        transmitter.publish(ended(), PasswordChanged("resident-1"))
        assert [list(claims["events"]) for claims in transmitter.polled()] == [[f"{CAEP}credential-change"]]

    def test_a_disabled_receiver_is_told_nothing_and_cannot_poll(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.registry.disable(RESOURCE)
        transmitter.publish(ended())
        assert transmitter.poll().status_code == 401
        transmitter.put()
        assert transmitter.polled() == []

    def test_each_receiver_has_its_own(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.put(receiver_id="another")
        transmitter.publish(ended())
        assert [claims["aud"] for claims in transmitter.polled()] == [RESOURCE]
        assert [claims["aud"] for claims in transmitter.polled(name="another")] == ["another"]

    def test_what_was_rolled_back_was_not(self, provider: Provider, transmitter: Transmitter):
        transmitter.put()

        def fail() -> None:
            with provider.storage.transaction() as tx:
                transmitter.events.handle(tx, [ended()])
                raise LookupError

        with pytest.raises(LookupError):
            fail()
        assert transmitter.polled() == []


class TestRfc8936Poll:
    def test_2_4_1_at_most_so_many_and_whether_there_are_more(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended(1), ended(2), ended(3))
        response = transmitter.poll(maxEvents=2)
        assert (len(response.json["sets"]), response.json["moreAvailable"]) == (2, True)
        assert transmitter.poll(maxEvents=0).json["sets"] == {}
        assert transmitter.poll(maxEvents=3).json["moreAvailable"] is False

    @pytest.mark.database("sqlite", "postgresql")
    def test_2_4_2_what_is_acknowledged_does_not_come_again(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended(1), ended(2))
        first, second = transmitter.poll().json["sets"]
        assert list(transmitter.poll(ack=[first]).json["sets"]) == [second]
        assert list(transmitter.poll(ack=[first, "unknown"]).json["sets"]) == [second]
        assert transmitter.poll(ack=[second]).json == {"sets": {}, "moreAvailable": False, "cursor": 2}

    def test_2_4_4_what_could_not_be_used_does_not_come_again(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended())
        [event_id] = transmitter.poll().json["sets"]
        failed = {event_id: {"err": "invalid_key", "description": "no such key"}}
        assert transmitter.poll(setErrs=failed).json["sets"] == {}

    def test_2_4_another_receiver_acknowledges_nothing_of_mine(self, transmitter: Transmitter):
        transmitter.put()
        transmitter.put(receiver_id="another")
        transmitter.publish(ended())
        [event_id] = transmitter.poll().json["sets"]
        transmitter.poll(name="another", ack=[event_id])
        assert list(transmitter.poll().json["sets"]) == [event_id]

    def test_each_process_replays_by_its_own_cursor(self, provider: Provider, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended(1))
        provider.advance(seconds=100)
        transmitter.publish(ended(2))
        start = int(provider.clock.now().timestamp()) - 50
        answer = transmitter.poll(since=start).json
        assert (len(answer["sets"]), answer["cursor"]) == (1, 2)
        transmitter.poll(ack=list(answer["sets"]))
        transmitter.publish(ended(3), ended(4))
        [third] = transmitter.polled(after=answer["cursor"], maxEvents=1)
        assert third["sub_id"]["session"]["id"] == "sid-3"
        assert len(transmitter.polled(after=0)) == 4
        assert transmitter.poll(after=4).json == {"sets": {}, "moreAvailable": False, "cursor": 4}
        assert transmitter.poll(since=start + 1000).json["cursor"] == 4

    def test_a_cursor_misses_nothing_that_is_written_at_the_same_time(
        self, provider_url: str, provider: Provider, transmitter: Transmitter
    ):
        transmitter.put()

        def announce(number: int) -> None:
            storage: Storage = create_command_line_app(provider_url).extensions["identity"]
            with storage, storage.transaction() as tx:
                transmitter.events.handle(tx, [ended(number), ended(number)])

        seen: list[str] = []
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(announce, number) for number in range(8)]
            cursor = 0
            while not all(each.done() for each in running):
                answer = transmitter.poll(after=cursor).json
                seen, cursor = seen + list(answer["sets"]), answer["cursor"]
            for each in running:
                each.result()
        seen += list(transmitter.poll(after=cursor).json["sets"])
        assert len(seen) == len(set(seen)) == 16

    def test_they_are_kept_for_a_week(self, provider: Provider, transmitter: Transmitter):
        transmitter.put()
        transmitter.publish(ended())
        provider.advance(days=6)
        with provider.storage.autocommit() as connection:
            assert PolledEvents(connection).delete_old(provider.clock.now(), 10) == 0
        provider.advance(days=1)
        with provider.storage.autocommit() as connection:
            assert PolledEvents(connection).delete_old(provider.clock.now(), 10) == 1

    def test_nobody_may_store_the_answer(self, transmitter: Transmitter):
        transmitter.put()
        assert transmitter.poll().headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("name", "secret"),
        [
            (RESOURCE, "wrong"),
            (RESOURCE, ""),
            ("nobody", SECRET),
            ("", ""),
            ("pushed", SECRET),
            ("x" * 300, SECRET),
            ("\0", SECRET),
            ("ü", SECRET),
        ],
    )
    def test_3_who_is_not_proven_gets_nothing(self, transmitter: Transmitter, name: str, secret: str):
        transmitter.put()
        transmitter.put(receiver_id="pushed", uri="https://receiver.example/events")
        response = transmitter.poll(name=name, secret=secret)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
        assert response.json["err"] == "authentication_failed"

    @pytest.mark.parametrize(
        "members",
        [
            {"maxEvents": -1},
            {"maxEvents": "5"},
            {"maxEvents": True},
            {"maxEvents": 1.5},
            {"ack": "one"},
            {"ack": [1]},
            {"ack": [""]},
            {"ack": ["x" * 256]},
            {"ack": ["\0"]},
            {"ack": ["x"] * 1001},
            {"setErrs": []},
            {"setErrs": {"": {}}},
            {"returnImmediately": "yes"},
            {"after": -1},
            {"after": 2**80},
            {"since": "yesterday"},
        ],
    )
    def test_2_4_what_cannot_be_understood_is_refused(
        self, transmitter: Transmitter, members: dict[str, Any]
    ):
        transmitter.put()
        response = transmitter.poll(**members)
        assert response.status_code == 400
        assert response.json["err"] == "invalid_request"

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"", "application/json", 400),
            (b"{", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"\xff", "application/json", 400),
            (b"[" * 20_000, "application/json", 400),
            (b"{}", "text/plain", 415),
            (b"{" + b" " * 65_536 + b"}", "application/json", 413),
        ],
    )
    def test_2_4_bad_bodies(
        self, provider: Provider, transmitter: Transmitter, body: bytes, kind: str, status: int
    ):
        transmitter.put()
        credentials = base64.b64encode(f"{quote_plus(RESOURCE)}:{SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": kind}
        response = provider.app.test_client().post(
            "/events/poll", data=body, headers=headers, base_url=ISSUER
        )
        assert response.status_code == status
        assert response.json["err"] == "invalid_request"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    def test_2_only_post(self, provider: Provider, method: str):
        response = provider.app.test_client().open("/events/poll", method=method, base_url=ISSUER)
        assert response.status_code == 405
        assert "POST" in response.headers["Allow"]
        assert response.json["error"] == "invalid_request"


class TestRfc8935Push:
    def test_2_1_the_request(
        self, provider: Provider, transmitter: Transmitter, worker: Worker, receiver: Receiver
    ):
        transmitter.put(uri=receiver.uri, authorization="Bearer abc")
        transmitter.publish(ended())
        assert worker.run_once() == 1
        [(headers, body)] = receiver.received
        assert headers["Content-Type"] == "application/secevent+jwt"
        assert headers["Accept"] == "application/json"
        assert headers["Authorization"] == "Bearer abc"
        assert provider.claims(body)["aud"] == RESOURCE

    def test_2_2_the_same_event_at_each_attempt(
        self, provider: Provider, transmitter: Transmitter, worker: Worker, receiver: Receiver
    ):
        transmitter.put(uri=receiver.uri)
        transmitter.publish(ended())
        receiver.status = 503
        assert worker.run_once() == 0
        provider.advance(seconds=10)
        receiver.status = 202
        assert worker.run_once() == 1
        first, second = (provider.claims(body) for _, body in receiver.received)
        assert first == second
        assert "Authorization" not in receiver.received[0][0]

    @pytest.mark.parametrize(
        ("status", "body", "state"),
        [
            (202, b"", "delivered"),
            (200, b"", "waiting"),
            (302, b"", "waiting"),
            (401, b"", "waiting"),
            (500, b"", "waiting"),
            (400, b'{"err": "invalid_request"}', "failed"),
            (400, b"nonsense", "failed"),
            (400, b"[]", "failed"),
            (400, b'{"err": "invalid_key"}', "waiting"),
            (400, b'{"err": "authentication_failed"}', "waiting"),
        ],
    )
    def test_2_4_answers(
        self, transmitter: Transmitter, worker: Worker, receiver: Receiver, status, body, state
    ):
        transmitter.put(uri=receiver.uri)
        transmitter.publish(ended())
        receiver.status, receiver.body = status, body
        worker.run_once()
        with transmitter.provider.storage.autocommit() as connection:
            rows = connection.execute(OutboxMessage.__table__.select()).all()
        assert [row.state for row in rows] == [state]
        assert "nonsense" not in rows[0].last_error

    def test_what_waits_is_sealed(self, transmitter: Transmitter):
        transmitter.put(uri="https://receiver.example/events", authorization="Bearer abc")
        transmitter.publish(AddressChanged("resident-1", "old@example.com", "new@example.com"))
        with transmitter.provider.storage.autocommit() as connection:
            [row] = connection.execute(OutboxMessage.__table__.select()).all()
        assert row.kind == "security_event"
        assert "example.com" not in row.payload
        assert json.loads(transmitter.secret_keys.decrypt(row.payload))["receiver"] == RESOURCE


class TestRegistration:
    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"id": ""}, "the id"),
            ({"id": "two words"}, "the id"),
            ({"id": "x" * 256}, "the id"),
            ({"push_uri": "http://receiver.example/"}, "not https"),
            ({"push_uri": "https://receiver.example/#x"}, "fragment"),
            ({"push_authorization": "Bearer x"}, "goes with a push address"),
            ({"push_uri": "https://r.example/", "push_authorization": "a\r\nb"}, "one line"),
            ({"event_types": frozenset({"nonsense"})}, "unknown events: nonsense"),
            ({"event_types": frozenset()}, "at least one"),
        ],
    )
    def test_what_is_wrong_is_said(self, transmitter: Transmitter, changes: dict[str, Any], fault: str):
        fields = {"id": RESOURCE, "push_uri": None, "push_authorization": None, "event_types": EVERYTHING}
        with pytest.raises(RegistrationRefusedError, match=fault):
            transmitter.registry.put(Registration(**(fields | changes)), None)

    def test_a_secret_is_made_once_and_kept(self, transmitter: Transmitter):
        registration = Registration(RESOURCE, None, None, EVERYTHING)
        made = transmitter.registry.put(registration, None)
        assert made.is_new
        assert made.secret
        assert transmitter.registry.put(registration, None).secret is None
        assert transmitter.poll(secret=made.secret).status_code == 200

    def test_a_short_secret_is_refused(self, transmitter: Transmitter):
        with pytest.raises(RegistrationRefusedError, match="32 to 128"):
            transmitter.registry.put(Registration(RESOURCE, None, None, EVERYTHING), "short")
