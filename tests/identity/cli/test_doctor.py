"""`identity doctor`: each trouble of the place it is put into is one line, with what to do about it."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from certificate_authority import CertificateAuthority, IssuedCertificate
from click.testing import CliRunner
from doctor_report import OF_OTHER_PROGRAMS, Report
from identity.cli import main
from identity.cli.doctor import connections
from identity.composition.command_line import create_command_line_app
from identity.mail.store import RefusedAddresses
from identity.monitoring.store import Counted, EventCounts
from identity.outbox.models import OutboxMessage
from identity.signing_keys import rotation
from raw_server import Serve, saying

from tests.identity.cli.test_commands import CITY, CLIENT, LOGO

Examine = Callable[..., Report]
# What a proxy, or identity behind it, answers to a path; the longest that fits counts.
Answers = dict[str, bytes]
SECRETS = "a key of thirty-two characters or more"


def response(status: str, kind: str, body: str = "") -> bytes:
    """Return a response, byte by byte."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "Connection: close", "", body)).encode()


def json_response(body: str) -> bytes:
    return response("200 OK", "application/json", body)


READY = {
    "/health/ready": json_response('{"status": "ok"}'),
    "/health/visitor": json_response('{"address": "198.51.100.7", "scheme": "http", "forwarded": 0}'),
    "/token": response("413 Content Too Large", "application/json", "{}"),
    "/authorize": response("303 See Other", "text/html"),
}


@pytest.fixture
def mail_server(serve: Serve) -> str:
    """Return the address of a mail server that greets and knows no extension."""
    return speaking(serve, b"250 ready\r\n")


@pytest.fixture
def examine(database_url: str, mail_server: str, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Return a function that runs the doctor, with other settings than those with which all is well."""
    for name in OF_OTHER_PROGRAMS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(rotation, "RSA_BITS", 2048)
    well = {
        "IDENTITY_ISSUER": "http://127.0.0.1:1",
        "IDENTITY_DATABASE_URL": database_url,
        "IDENTITY_SECRET_KEYS": SECRETS,
        "IDENTITY_SMTP_URL": f"smtp://{mail_server}",
    }
    assert CliRunner().invoke(main, ["migrate"], env=well).exit_code == 0

    def examine(**changes: str) -> Report:
        environment = well | {f"IDENTITY_{name.upper()}": value for name, value in changes.items()}
        result = CliRunner().invoke(main, ["doctor", "--json"], env=environment)
        assert SECRETS not in result.output
        assert "hidden" not in result.output
        return Report(result)

    return examine


@pytest.fixture
def client(examine: Examine, database_url: str) -> None:
    """Register a website."""
    environment = {
        "IDENTITY_ISSUER": "http://127.0.0.1:1",
        "IDENTITY_DATABASE_URL": database_url,
        "IDENTITY_SECRET_KEYS": SECRETS,
    }
    for command, document in (("cities", CITY | {"logo_svg": LOGO}), ("clients", CLIENT)):
        result = CliRunner().invoke(main, [command, "put", "-"], env=environment, input=json.dumps(document))
        assert result.exit_code == 0, result.output


@pytest.fixture
def proxy(serve: Serve) -> Callable[..., str]:
    """Return a function that serves answers by path, and returns the address; more of them, or others."""

    def proxy(path: str = "", **answers: bytes) -> str:
        chosen: Answers = {f"/{name.replace('_', '/')}": answer for name, answer in answers.items()}
        address = ""

        def answer(connection: socket.socket) -> None:
            request = received(connection)
            if not request:
                return
            target = request.split(b" ")[1].decode().removeprefix(path)
            if "/.well-known/" in target:
                asked = "long" if len(target) > 4000 else "metadata"
                metadata = json_response(f'{{"issuer": "{address}"}}')
                connection.sendall(chosen.get(f"/{asked}", metadata))
                return
            found = READY | chosen
            connection.sendall(found[target.partition("?")[0]])

        address = serve(answer).removesuffix("/jwks") + path
        return address

    return proxy


def received(connection: socket.socket) -> bytes:
    """Return a request, its body included."""
    request = connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head


def speaking(serve: Serve, *replies: bytes, tls: object = None) -> str:
    """Return the address of a mail server that greets and gives these replies; the last one repeats."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example.gov\r\n")
        for reply in (*replies, *(replies[-1:] * 10)):
            if not connection.recv(4096):
                return
            connection.sendall(reply)

    return serve(answer, tls=tls).partition("://")[2].removesuffix("/jwks")


def test_where_all_is_well_there_is_no_problem(examine: Examine, proxy: Callable[..., str]) -> None:
    report = examine(issuer=proxy())
    assert report.problems == []
    assert "answers" in report.said("public address", "ok")
    assert "nothing waits" in report.said("deliveries", "ok")


class TestPublicAddress:
    @pytest.mark.parametrize(
        ("metadata", "said"),
        [
            (response("502 Bad Gateway", "text/html"), "the proxy answers 502 → start `identity serve`"),
            (response("302 Found", "text/html"), "something else answers there (302)"),
            (response("200 OK", "text/html", "<h1>Sign in</h1>"), "something else answers there (200)"),
            (
                json_response('{"issuer": "https://id.example.gov"}'),
                "set the same IDENTITY_ISSUER everywhere",
            ),
            (
                response("404 Not Found", "text/plain", "this service is served below https://x/id"),
                "the proxy takes the path away → let the proxy hand on the whole path",
            ),
        ],
    )
    def test_what_stands_in_front(
        self, examine: Examine, proxy: Callable[..., str], metadata: bytes, said: str
    ) -> None:
        assert said in examine(issuer=proxy(metadata=metadata)).said("public address")

    @pytest.mark.parametrize(
        ("changes", "check", "verdict", "said"),
        [
            (
                {"long": response("414 URI Too Long", "text/html")},
                "long addresses",
                "problem",
                "raise the proxy's limit of request lines",
            ),
            (
                {"token": response("413 Content Too Large", "text/html")},
                "long bodies",
                "note",
                "nginx: client_max_body_size",
            ),
            (
                {"health_ready": response("503 Service Unavailable", "application/json", "{}")},
                "readiness",
                "problem",
                "/health/ready answers 503",
            ),
            (
                {"health_visitor": json_response('{"address": null, "scheme": "http", "forwarded": 0}')},
                "visitor",
                "problem",
                "X-Forwarded-For is no address",
            ),
        ],
    )
    def test_what_it_lets_through(
        self,
        examine: Examine,
        proxy: Callable[..., str],
        changes: dict[str, bytes],
        check: str,
        verdict: str,
        said: str,
    ) -> None:
        assert said in examine(issuer=proxy(**changes)).said(check, verdict)

    def test_fewer_proxies_than_are_trusted(self, examine: Examine, proxy: Callable[..., str]) -> None:
        said = examine(issuer=proxy(), trusted_proxies="2").said("trusted proxies")
        assert "IDENTITY_TRUSTED_PROXIES is 2, but X-Forwarded-For names 0" in said

    def test_more_proxies_than_are_trusted(self, examine: Examine, proxy: Callable[..., str]) -> None:
        seen = json_response('{"address": "198.51.100.7", "scheme": "http", "forwarded": 2}')
        report = examine(issuer=proxy(health_visitor=seen), trusted_proxies="1")
        assert "raise the number if all of them are yours" in report.said("trusted proxies", "note")

    def test_a_visitor_who_can_choose_an_address(self, examine: Examine, serve: Serve, proxy) -> None:
        seen = json_response('{"address": "203.0.113.9", "scheme": "http", "forwarded": 1}')
        found = examine(issuer=proxy(health_visitor=seen), trusted_proxies="1").findings
        assert [each["detail"] for each in found if each["check"] == "visitor"] == [
            "any visitor can choose an address by sending X-Forwarded-For",
            "any visitor can choose an address by sending X_Forwarded_For",
        ]

    def test_the_other_address_of_metadata_below_a_path(self, examine: Examine, serve: Serve) -> None:
        def answer(connection: socket.socket) -> None:
            if request := received(connection):
                target = request.split(b" ")[1].decode().partition("?")[0]
                metadata = json_response(f'{{"issuer": "{address}"}}')
                found = {f"/id{path}": each for path, each in READY.items()}
                found["/id/.well-known/openid-configuration"] = metadata
                connection.sendall(found.get(target, response("404 Not Found", "text/html")))

        address = serve(answer).removesuffix("/jwks") + "/id"
        report = examine(issuer=address)
        assert report.problems == []
        said = report.said("RFC 8414 address", "note")
        assert f"lead {address.removesuffix('/id')}/.well-known/oauth-authorization-server/id to" in said

    @pytest.mark.usefixtures("client")
    def test_an_answer_that_is_too_long_for_the_proxy(
        self, examine: Examine, proxy: Callable[..., str]
    ) -> None:
        said = examine(issuer=proxy(authorize=response("502 Bad Gateway", "text/html"))).said("long answers")
        assert "nginx: proxy_buffer_size" in said

    def test_https_without_a_trusted_proxy(self, examine: Examine) -> None:
        report = examine(issuer="https://id.invalid", mail_sender="City <no-reply@id.example.gov>")
        assert report.problems == ["trusted proxies"]
        assert "not reached from this machine" in report.said("public address", "note")

    def test_a_certificate_that_is_not_trusted(
        self, examine: Examine, serve: Serve, issued_certificate: IssuedCertificate
    ) -> None:
        address = serve(saying(b""), tls=issued_certificate.tls).removesuffix("/jwks")
        said = examine(issuer=address, trusted_proxies="1").said("public address")
        assert "unable to get local issuer certificate" in said
        assert "IDENTITY_CA_FILE" in said


class TestMailServer:
    def test_nothing_listens(self, examine: Examine) -> None:
        said = examine(smtp_url="smtp://user:hidden@127.0.0.1:1").said("mail server")
        assert "Connection refused → start what listens on port 1 of 127.0.0.1" in said

    def test_a_name_without_an_address(self, examine: Examine) -> None:
        assert "has no address → check the host in IDENTITY_SMTP_URL" in examine(
            smtp_url="smtp://mail.invalid"
        ).said("mail server")

    def test_no_starttls(self, examine: Examine, mail_server: str) -> None:
        said = examine(smtp_url=f"smtp+starttls://{mail_server}").said("mail server")
        assert "offers no STARTTLS" in said
        assert "write smtps://" in said

    def test_a_password_that_it_refuses(self, examine: Examine, serve: Serve) -> None:
        server = speaking(serve, b"250-mail\r\n250 AUTH PLAIN\r\n", b"535 no\r\n")
        said = examine(smtp_url=f"smtp://user:hidden@{server}").said("mail server")
        assert said == "refuses the user name or password (535) → correct them in IDENTITY_SMTP_URL"

    def test_a_certificate_that_is_not_trusted(
        self, examine: Examine, serve: Serve, issued_certificate: IssuedCertificate
    ) -> None:
        server = speaking(serve, b"250 ready\r\n", tls=issued_certificate.tls)
        said = examine(smtp_url=f"smtps://{server}").said("mail server")
        assert "unable to get local issuer certificate" in said
        assert "name the PEM file of its authority in IDENTITY_CA_FILE" in said

    def test_a_certificate_of_a_city(
        self,
        examine: Examine,
        serve: Serve,
        issued_certificate: IssuedCertificate,
        certificate_authority: CertificateAuthority,
    ) -> None:
        server = speaking(serve, b"250 ready\r\n", tls=issued_certificate.tls)
        report = examine(smtp_url=f"smtps://{server}", ca_file=str(certificate_authority.file))
        assert report.problems == []
        assert "answers" in report.said("mail server", "ok")

    def test_it_refuses_this_machine(self, examine: Examine, serve: Serve) -> None:
        server = speaking(serve, b"554 no service for you\r\n")
        assert "answers 554 → look at its log" in examine(smtp_url=f"smtp://{server}").said("mail server")

    def test_it_says_nothing(self, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("identity.mail.smtp_session.TIMEOUT_SECONDS", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            assert "takes connections and says nothing" in examine(smtp_url=f"smtp://{address}").said(
                "mail server"
            )

    def test_a_sender_at_localhost(self, examine: Examine) -> None:
        report = examine(issuer="https://id.invalid", trusted_proxies="1")
        assert "set IDENTITY_MAIL_SENDER" in report.said("mail sender")


class TestDeliveries:
    @pytest.fixture
    def queue(self, database_url: str) -> Callable[..., None]:
        """Return a function that queues a message, due so long ago."""

        def queue(due: timedelta, **values: object) -> None:
            at = datetime.now(UTC) - due
            row = {
                "kind": "mail",
                "payload": "",
                "state": "waiting",
                "attempts": 0,
                "last_error": "",
            } | values
            app = create_command_line_app(database_url)
            with app.extensions["identity"] as storage, storage.transaction() as tx:
                tx.add(OutboxMessage(id=f"m{at.timestamp()}", created_at=at, next_attempt_at=at, **row))

        return queue

    def test_a_worker_that_does_not_run(self, examine: Examine, queue: Callable[..., None]) -> None:
        queue(timedelta(minutes=20))
        said = examine().said("worker")
        assert "has left messages since" in said
        assert "start `identity worker`" in said

    def test_mails_that_are_not_taken(self, examine: Examine, queue: Callable[..., None]) -> None:
        queue(-timedelta(minutes=1), attempts=3, last_error="451")
        report = examine()
        assert report.problems == []
        assert "1 not taken yet, the oldest of" in report.said("mails", "note")
        assert "451" in report.said("mails", "note")

    def test_a_mail_server_that_is_away_is_not_taken_for_a_worker_that_is(
        self, examine: Examine, queue: Callable[..., None]
    ) -> None:
        for minutes in (9, 8, 7):
            queue(timedelta(minutes=minutes))
        now = datetime.now(UTC)
        queue(timedelta(seconds=5), last_error="ConnectionRefusedError", attempted_at=now)
        report = examine()
        assert not [each for each in report.problems if "worker" in str(each)]
        said = report.said("mails", "note")
        assert "4 not taken yet, the oldest of" in said
        assert "ConnectionRefusedError" in said

    def test_addresses_that_the_mail_server_refuses(self, examine: Examine, database_url: str) -> None:
        app = create_command_line_app(database_url)
        with app.extensions["identity"] as storage, storage.transaction() as tx:
            addresses, now = RefusedAddresses(tx), datetime.now(UTC)
            for number in range(3):
                addresses.add_refusal(f"{number}@example.com", "550 5.1.1", now)
            addresses.add_refusal("b@example.com", "550 5.7.1", now)
            addresses.add_refusal("old@example.com", "550", now - timedelta(days=3))
        said = examine().said("addresses", "note")
        assert "refused by the mail server within two days: 3 with 550 5.1.1, 1 with 550 5.7.1" in said
        assert "example.com" not in said

    def test_logouts_that_were_given_up(self, examine: Examine, queue: Callable[..., None]) -> None:
        queue(timedelta(hours=2), kind="backchannel_logout", state="failed", attempts=9, last_error="x")
        queue(timedelta(days=9), kind="backchannel_logout", state="failed", attempts=9, last_error="x")
        assert "1 given up within two days" in examine().said("back-channel logouts", "note")


class TestLastDay:
    @pytest.fixture
    def counts(self, database_url: str) -> Iterator[EventCounts]:
        app = create_command_line_app(database_url)
        with app.extensions["identity"] as storage, storage.autocommit() as connection:
            yield EventCounts(connection)

    def test_a_quiet_day(self, examine: Examine, counts: EventCounts) -> None:
        counts.put(Counted.AUDIT_EVENT, {"sign_in_succeeded": 12, "sign_in_failed": 3}, datetime.now(UTC))
        assert "12 sign-ins, 3 failed and 0 while locked" in examine().said("last 24 hours", "ok")

    def test_refusals_and_faults(self, examine: Examine, counts: EventCounts) -> None:
        now = datetime.now(UTC)
        counts.add(Counted.LIMITED, {"sign_in": 40, "mail": 2}, now)
        counts.add(Counted.FAULT, {"unavailable": 7}, now)
        report = examine()
        assert report.said("requests over a limit", "note").startswith("2 mail, 40 sign_in → ")
        assert report.said("requests that failed", "note").startswith("7 unavailable → ")

    def test_passwords_tried_on_many_accounts(self, examine: Examine, counts: EventCounts) -> None:
        counts.raise_alarm("password_spraying_from_one_network", datetime.now(UTC) - timedelta(hours=3))
        said = examine().said("alarm")
        assert said.startswith("password spraying from one network, last in the hour of ")
        assert "refuse it at the proxy" in said

    def test_an_alarm_of_the_day_before(self, examine: Examine, counts: EventCounts) -> None:
        counts.raise_alarm("password_spraying_from_one_network", datetime.now(UTC) - timedelta(hours=26))
        assert "alarm" not in examine().problems


class TestOutbound:
    def test_a_proxy_that_cannot_be_reached(self, examine: Examine) -> None:
        said = examine(outbound_proxy="http://user:hidden@127.0.0.1:1").said("outbound proxy")
        assert "Connection refused" in said
        assert "IDENTITY_OUTBOUND_PROXY" in said

    def test_proxy_variables_name_the_setting_that_counts(
        self, examine: Examine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", "http://user:hidden@127.0.0.1:1")
        assert "IDENTITY_OUTBOUND_PROXY counts" in examine().said("https_proxy", "note")

    def test_providers_are_left_to_their_own_command(
        self, examine: Examine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_ID", "id.apps.googleusercontent.com")
        monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_SECRET", "hidden-secret-of-google")
        assert "google: `identity providers check`" in examine().said("providers", "ok")

    def test_a_provider_that_is_set_by_half(self, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IDENTITY_GOOGLE_CLIENT_ID", "id.apps.googleusercontent.com")
        assert "IDENTITY_GOOGLE_CLIENT_SECRET" in examine().said("providers")

    def test_a_misspelt_variable(self, examine: Examine) -> None:
        said = examine(trusted_proxy="1").said("IDENTITY_TRUSTED_PROXY", "note")
        assert "did you mean IDENTITY_TRUSTED_PROXIES?" in said


def test_a_firewall_that_drops_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped(*_arguments: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(connections.socket, "create_connection", dropped)
    found = connections.reach("127.0.0.1", 5432)
    assert isinstance(found, connections.Unreached)
    assert found.fix("IDENTITY_DATABASE_URL", "") == (
        "let the firewall pass connections from here to 127.0.0.1, port 5432"
    )


def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_arguments: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(connections, "look_up", silent)
    found = connections.reach("id.example.gov", 443)
    assert isinstance(found, connections.Unreached)
    assert found.detail == "the name server does not answer for id.example.gov"


def test_of_two_secret_keys_it_says_whether_the_older_may_go(examine: Examine) -> None:
    newer = "another key of thirty-two characters"
    assert "secret keys" not in {each["check"] for each in examine().findings}
    both = f"{newer},{SECRETS}"
    assert "2 private signing keys" in examine(secret_keys=both).said("secret keys", "note")
