"""`portal doctor`: each trouble is one line, with what to do about it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate

import grpc
import pytest
from certificate_authority import CertificateAuthority, IssuedCertificate
from click.testing import CliRunner
from doctor_report import OF_OTHER_PROGRAMS, Report
from portal.billing_link_client import client
from portal.cli.doctor import connections
from portal.cli.doctor.findings import Check, Finding, Verdict, examine_all
from portal.cli.main import main
from portal.config import Settings
from raw_server import Serve, saying

from tests.portal.doubles.billing_link import FakeBillingLink
from tests.portal.doubles.identity import FakeIdentity

Examine = Callable[..., Report]
METADATA = "/.well-known/openid-configuration"


@pytest.fixture
def examine(settings: Settings, billing_link: FakeBillingLink, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Return a function that runs the doctor, with other settings than those with which all is well."""
    for name in OF_OTHER_PROGRAMS:
        monkeypatch.delenv(name, raising=False)
    billing_link.refusal = (grpc.StatusCode.UNAUTHENTICATED, "REFUSAL_TOKEN_INVALID", {})
    well = {
        "PORTAL_BASE_URL": "http://127.0.0.1:2",
        "PORTAL_DATABASE_URL": settings.database_url.get_secret_value(),
        "PORTAL_SECRET_KEYS": "abcdefghijklmnopqrstuvwxyz 123456",
        "PORTAL_ISSUER": settings.issuer,
        "PORTAL_CLIENT_ID": settings.client_id,
        "PORTAL_CLIENT_SECRET": "portal-secret",
        "PORTAL_CITY": settings.city,
        "PORTAL_BILLING_LINK_TARGET": settings.billing_link_target,
    }

    def examine(**changes: str) -> Report:
        environment = well | {f"PORTAL_{name.upper()}": value for name, value in changes.items()}
        result = CliRunner().invoke(main, ["doctor", "--json"], env=environment)
        for secret in ("portal-secret", "abcdefghijklmnop"):
            assert secret not in result.output
        return Report(result)

    return examine


def response(status: str, kind: str, body: str = "", *headers: str) -> bytes:
    """Return a response, byte by byte."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join((*lines, "Connection: close", "", body)).encode()


@contextmanager
def silent_port() -> Iterator[int]:
    """Return a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_where_all_is_well_there_is_no_problem(examine: Examine) -> None:
    report = examine()
    assert report.problems == []
    assert "accepts citizen-self-service and its secret" in report.said("client", "ok")
    assert "its tables are up to date" in report.said("database", "ok")
    assert " ms" in report.said("billing_link", "ok")
    assert "start `portal serve`" in report.said("public address", "note")


def test_a_person_reads_lines_with_arrows(settings: Settings) -> None:
    environment = {f"PORTAL_{name.upper()}": str(value) for name, value in settings}
    environment |= {
        "PORTAL_DATABASE_URL": settings.database_url.get_secret_value(),
        "PORTAL_SECRET_KEYS": "abcdefghijklmnopqrstuvwxyz 123456",
        "PORTAL_CLIENT_SECRET": "portal-secret",
        "PORTAL_CITY": "nowhere",
    }
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert result.exit_code == 1
    assert "problem city: identity knows no nowhere\n        → correct PORTAL_CITY" in result.output


class TestIdentity:
    def test_a_name_without_an_address(self, examine: Examine) -> None:
        said = examine(issuer="https://id.invalid").said("identity")
        assert "the name id.invalid has no address" in said
        assert "PORTAL_ISSUER" in said

    def test_a_port_on_which_nothing_listens(self, examine: Examine) -> None:
        assert "Connection refused → start what listens on port 1 of" in examine(
            issuer="http://127.0.0.1:1"
        ).said("identity")

    def test_a_certificate_of_an_authority_that_is_not_trusted(
        self, examine: Examine, serve: Serve, issued_certificate: IssuedCertificate
    ) -> None:
        address = serve(saying(b""), tls=issued_certificate.tls).removesuffix("/jwks")
        said = examine(issuer=address).said("identity")
        assert "its certificate is refused: unable to get local issuer certificate" in said
        assert "PORTAL_CA_FILE" in said

    def test_a_certificate_of_another_name(
        self, examine: Examine, serve: Serve, certificate_authority: CertificateAuthority
    ) -> None:
        other = certificate_authority.issue("id.example.gov")
        address = serve(saying(b""), tls=other.tls).removesuffix("/jwks")
        said = examine(issuer=address, ca_file=str(certificate_authority.file)).said("identity")
        assert "use a name in PORTAL_ISSUER that the certificate has" in said

    def test_a_port_without_tls(self, examine: Examine, serve: Serve) -> None:
        address = serve(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")).removesuffix("/jwks")
        said = examine(issuer=address.replace("http", "https", 1)).said("identity")
        assert "does not speak TLS" in said
        assert "scheme in PORTAL_ISSUER" in said

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (response("502 Bad Gateway", "text/html"), "answers 502 → start `identity serve`"),
            (response("200 OK", "text/html", "<h1>Welcome</h1>"), "something else answers there (200)"),
            (
                response("404 Not Found", "text/plain", "this service is served below https://x/id"),
                "served below another path → let the proxy hand on the whole path",
            ),
        ],
    )
    def test_what_stands_in_between(self, examine: Examine, serve: Serve, answer: bytes, said: str) -> None:
        assert said in examine(issuer=serve(saying(answer)).removesuffix("/jwks")).said("identity")

    def test_another_issuer(self, examine: Examine, identity: FakeIdentity) -> None:
        identity.discovery = {"issuer": "https://id.example.gov"}
        assert "write IDENTITY_ISSUER and PORTAL_ISSUER alike" in examine().said("identity")

    def test_keys_that_cannot_be_read(self, examine: Examine, identity: FakeIdentity) -> None:
        identity.answers["/jwks"] = (403, "text/html", b"blocked")
        assert "cannot be read (403)" in examine().said("identity's keys")

    def test_a_clock_that_is_wrong(self, examine: Examine, serve: Serve) -> None:
        late = formatdate(time.time() - 300, usegmt=True)
        answering: list[str] = []

        def answer(connection: socket.socket) -> None:
            connection.recv(65536)
            body = f'{{"issuer": "{answering[0]}", "jwks_uri": "{answering[0]}/jwks", "keys": [{{}}]}}'
            connection.sendall(response("200 OK", "application/json", body, f"Date: {late}"))

        answering.append(serve(answer).removesuffix("/jwks"))
        said = examine(issuer=answering[0]).said("clock")
        assert " seconds behind this machine's → let both follow the same time servers" in said


class TestRegistration:
    def test_a_secret_that_identity_refuses(self, examine: Examine, identity: FakeIdentity) -> None:
        identity.answers["/token"] = (401, "application/json", b'{"error": "invalid_client"}')
        said = examine().said("client")
        assert "identity refuses citizen-self-service or its secret" in said
        assert "`identity clients rotate-secret citizen-self-service`" in said

    def test_no_code_is_spent(self, examine: Examine, identity: FakeIdentity) -> None:
        examine()
        [asked] = identity.asked("/token")
        assert asked["code"] == "portal-doctor"

    def test_a_city_that_identity_does_not_know(self, examine: Examine) -> None:
        assert "identity knows no nowhere" in examine(city="nowhere").said("city")


class TestBillingLink:
    def test_nothing_listens(self, examine: Examine) -> None:
        said = examine(billing_link_target="127.0.0.1:1").said("billing_link")
        assert "Connection refused → start what listens on port 1 of 127.0.0.1, or check" in said

    def test_it_speaks_plain_text_and_the_portal_tls(self, examine: Examine) -> None:
        said = examine(billing_link_tls="true").said("billing_link")
        assert "→ unset PORTAL_BILLING_LINK_TLS and PORTAL_BILLING_LINK_TLS_CA" in said

    def test_it_speaks_tls_and_the_portal_plain_text(
        self, examine: Examine, issued_certificate: IssuedCertificate
    ) -> None:
        with grpc_over_tls(issued_certificate) as target:
            assert "→ set PORTAL_BILLING_LINK_TLS=true" in examine(billing_link_target=target).said(
                "billing_link"
            )

    def test_its_authority_is_not_trusted(
        self, examine: Examine, issued_certificate: IssuedCertificate
    ) -> None:
        with grpc_over_tls(issued_certificate) as target:
            said = examine(billing_link_target=target, billing_link_tls="true").said("billing_link")
        assert "PORTAL_BILLING_LINK_TLS_CA or PORTAL_CA_FILE" in said

    def test_what_stands_before_it_takes_no_calls(self, examine: Examine, serve: Serve) -> None:
        address = serve(saying(response("400 Bad Request", "text/html"))).removeprefix("http://")
        said = examine(billing_link_target=address.removesuffix("/jwks")).said("billing_link")
        assert "a load balancer in between must speak HTTP/2" in said


class TestDatabase:
    def test_nothing_listens(self, examine: Examine) -> None:
        report = examine(database_url="postgresql://portal:hidden-password@127.0.0.1:1/portal")
        assert "Connection refused → start what listens on port 1 of" in report.said("database")
        assert "hidden-password" not in str(report.findings)

    def test_there_are_no_tables(self, examine: Examine, tmp_path) -> None:
        said = examine(database_url=f"sqlite:///{tmp_path / 'new.db'}").said("database")
        assert said == "has no tables → run `portal migrate`"


class TestPublicAddress:
    def test_https_without_a_trusted_proxy(self, examine: Examine) -> None:
        report = examine(base_url="https://pay.invalid")
        assert "set PORTAL_TRUSTED_PROXIES" in report.said("trusted proxies")
        assert "not reached from this machine" in report.said("public address", "note")

    @pytest.mark.parametrize(
        ("path", "answer", "said"),
        [
            ("", response("502 Bad Gateway", "text/html"), "lead the proxy to PORTAL_BIND"),
            ("", response("200 OK", "text/html", "<h1>Sign in</h1>"), "something else answers there (200)"),
            (
                "/pay",
                response("404 Not Found", "text/plain", "this service is served below https://x/pay"),
                "the proxy takes the path away",
            ),
        ],
    )
    def test_what_stands_in_front(
        self, examine: Examine, serve: Serve, path: str, answer: bytes, said: str
    ) -> None:
        address = serve(saying(answer)).removesuffix("/jwks") + path
        assert said in examine(base_url=address).said("public address")

    def test_a_proxy_that_refuses_long_addresses(self, examine: Examine, serve: Serve) -> None:
        def answer(connection: socket.socket) -> None:
            is_long = b"sssssss" in connection.recv(65536)
            if is_long:
                connection.sendall(response("414 URI Too Long", "text/html"))
            else:
                connection.sendall(response("200 OK", "application/json", '{"status": "ok"}'))

        report = examine(base_url=serve(answer).removesuffix("/jwks"))
        assert "raise the proxy's limit of request lines" in report.said("long addresses")


class TestEnvironment:
    def test_proxies_and_certificates_of_other_programs_do_not_count(
        self, examine: Examine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://user:hidden@127.0.0.1:1")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        report = examine()
        assert report.problems == []
        assert "has no effect → nothing" in report.said("http_proxy", "note")
        assert "set PORTAL_CA_FILE instead" in report.said("REQUESTS_CA_BUNDLE", "note")
        assert "hidden" not in str(report.findings)

    def test_a_variable_that_is_misspelt(self, examine: Examine) -> None:
        said = examine(trusted_proxy="1").said("PORTAL_TRUSTED_PROXY", "note")
        assert "no such setting, ignored (did you mean PORTAL_TRUSTED_PROXIES?)" in said

    def test_a_store_that_does_not_exist(self, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
        assert "names nothing that exists" in examine().said("SSL_CERT_FILE")

    def test_an_authority_that_ends_soon(
        self, examine: Examine, certificate_authority: CertificateAuthority
    ) -> None:
        said = examine(ca_file=str(certificate_authority.file)).said("PORTAL_CA_FILE", "note")
        assert "CN=City of Pinellas Park Root ends on" in said


class TestTimeLimits:
    def test_a_check_that_never_ends_is_a_problem_and_what_it_found_counts(self) -> None:
        ends = threading.Event()

        def endless() -> Iterator[Finding]:
            yield Finding("first", Verdict.GOOD, "found")
            ends.wait()

        began = time.monotonic()
        found = examine_all([Check("slow", endless)], seconds=0.2)
        assert time.monotonic() - began < 1
        ends.set()
        assert [(each.check, each.verdict) for each in found] == [
            ("first", Verdict.GOOD),
            ("slow", Verdict.BAD),
        ]

    def test_a_check_that_fails_hides_no_other(self) -> None:
        def failing() -> Iterator[Finding]:
            yield Finding("first", Verdict.GOOD, "found")
            raise RuntimeError("a secret")

        found = examine_all([Check("a", failing), Check("b", lambda: [Finding("b", Verdict.GOOD, "")])])
        assert [each.check for each in found] == ["first", "a", "b"]
        assert "secret" not in found[1].detail

    def test_a_billing_link_that_says_nothing(
        self, examine: Examine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "SECONDS", 0.2)
        monkeypatch.setattr(client, "DEADLINE_SECONDS", 0.3)
        with silent_port() as port:
            said = examine(billing_link_target=f"127.0.0.1:{port}").said("billing_link")
        assert "takes connections, but no calls (DEADLINE_EXCEEDED)" in said


@contextmanager
def grpc_over_tls(issued: IssuedCertificate) -> Iterator[str]:
    """Return the address of a server of gRPC with this certificate, which has no methods."""
    pool = ThreadPoolExecutor(1)
    server = grpc.server(pool)
    pair = (issued.key.read_bytes(), issued.certificate.read_bytes())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()
    pool.shutdown()
