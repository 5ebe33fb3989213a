"""A city's own authority is trusted in every direction: by IDENTITY_CA_FILE, or in the system's store."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from certificate_authority import CertificateAuthority, IssuedCertificate
from click.testing import CliRunner
from identity.cli.entry import main
from identity.cli.worker import http_handlers
from identity.clock import SystemClock
from identity.config import Settings, load_settings
from identity.egress import Egress
from identity.errors import SettingsError
from identity.mail.smtp import SmtpTransport
from identity.oidc.client_authentication.key_sets import KEY_SET_LIMITS
from identity.outbound_http import OutboundHttp, OutboundHttpError
from identity.secret_keys import SecretKeys
from identity.trusted_authorities import TrustedAuthorities
from raw_server import Serve, saying

OK = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
WAYS = ["IDENTITY_CA_FILE", "SSL_CERT_FILE"]
Environment = pytest.MonkeyPatch
pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def environment(monkeypatch: Environment, database_url: str) -> Environment:
    monkeypatch.setenv("IDENTITY_ISSUER", "http://localhost:8000")
    monkeypatch.setenv("IDENTITY_DATABASE_URL", database_url)
    monkeypatch.setenv("IDENTITY_SECRET_KEYS", "a key of thirty-two characters or more")
    return monkeypatch


def settings() -> Settings:
    return load_settings(Settings)


class TestTheFile:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (None, "cannot be read"),
            (b"", "is empty"),
            (b"no certificate", "is not a file of PEM certificates"),
            (b"\x30\x82\x01\x00", "is not a file of PEM certificates"),
        ],
    )
    def test_one_that_cannot_be_used_stops_the_start(
        self, environment: Environment, tmp_path: Path, content: bytes | None, problem: str
    ):
        file = tmp_path / "city.pem"
        if content is not None:
            file.write_bytes(content)
        environment.setenv("IDENTITY_CA_FILE", str(file))
        with pytest.raises(SettingsError, match=rf"^IDENTITY_CA_FILE: {file} {problem} \(expected: "):
            settings()

    def test_a_folder_and_a_servers_certificate_are_none(
        self, environment: Environment, tmp_path: Path, issued_certificate: IssuedCertificate
    ):
        for path, problem in (
            (tmp_path, "cannot be read"),
            (issued_certificate.certificate, "holds no certificate of an authority"),
        ):
            environment.setenv("IDENTITY_CA_FILE", str(path))
            with pytest.raises(SettingsError, match=f"IDENTITY_CA_FILE: {path} {problem}"):
                settings()

    def test_words_between_the_certificates_do_not_matter(
        self, tmp_path: Path, certificate_authority: CertificateAuthority
    ):
        file = tmp_path / "city.pem"
        file.write_bytes("# Für die Stadt\n".encode() + certificate_authority.file.read_bytes())
        assert TrustedAuthorities(str(file)).tls.cert_store_stats()["x509_ca"] > 0


def test_the_file_is_trusted_beside_the_systems_store(
    tmp_path: Path, certificate_authority: CertificateAuthority, monkeypatch: Environment, serve: Serve
):
    other = CertificateAuthority(tmp_path, "Another Root")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))
    authorities = TrustedAuthorities(str(certificate_authority.file))
    http = OutboundHttp(KEY_SET_LIMITS, Egress(authorities))
    for authority in (certificate_authority, other):
        assert http.get(serve(OK, tls=authority.issue("127.0.0.1").tls)).status == 200
        assert authority.file.read_bytes().strip() in authorities.pem


def test_a_certificate_for_another_host_is_refused(certificate_authority: CertificateAuthority, serve: Serve):
    http = OutboundHttp(KEY_SET_LIMITS, Egress(TrustedAuthorities(str(certificate_authority.file))))
    with pytest.raises(OutboundHttpError, match="SSLCertVerificationError"):
        http.get(serve(OK, tls=certificate_authority.issue("pay.example.gov").tls))


@pytest.mark.parametrize("way", [None, *WAYS])
class TestEveryDirection:
    """Each connects to a server whose certificate is the city's."""

    @pytest.fixture(autouse=True)
    def trust(
        self, environment: Environment, certificate_authority: CertificateAuthority, way: str | None
    ) -> None:
        if way:
            environment.setenv(way, str(certificate_authority.file))

    @pytest.fixture
    def refusal(self, way: str | None) -> str:
        return "" if way else "SSLCertVerificationError"

    def test_providers(
        self, environment: Environment, serve: Serve, issued_certificate: IssuedCertificate, refusal: str
    ):
        environment.setenv("IDENTITY_OPENID_CITY_ISSUER", serve(OK, tls=issued_certificate.tls))
        environment.setenv("IDENTITY_OPENID_CITY_CLIENT_ID", "id")
        environment.setenv("IDENTITY_OPENID_CITY_CLIENT_SECRET", "secret")
        said = CliRunner().invoke(main, ["providers", "check"]).output
        assert ("SSLCertVerificationError" in said) is bool(refusal), said

    def test_what_the_worker_delivers(
        self, serve: Serve, issued_certificate: IssuedCertificate, refusal: str, storage: Any
    ):
        opened: Any = SimpleNamespace(
            settings=settings(),
            storage=storage,
            secret_keys=SecretKeys(["a key of thirty-two characters or more"]),
            clock=SystemClock(),
        )
        url = serve(OK, tls=issued_certificate.tls)
        for handler in http_handlers(opened):
            http: OutboundHttp = handler._http  # type: ignore[attr-defined]  # noqa: SLF001 - whom it calls stands in the database
            assert outcome(lambda http=http: http.get(url)) == refusal

    @pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
    @pytest.mark.usefixtures("storage")
    def test_the_mail_server(
        self, storage_app: Any, mail_server: Callable[[str], str], scheme: str, refusal: str
    ):
        transport = SmtpTransport(mail_server(scheme), settings().authorities)
        transport.init_app(storage_app[1])

        assert outcome(transport.try_session) == refusal

    def test_the_database(self, environment: Environment, postgresql: str, way: str | None, refusal: str):
        environment.setenv("IDENTITY_DATABASE_URL", f"{postgresql}?sslmode=verify-full")
        url = settings().database_url.get_secret_value().replace("+psycopg", "")
        with pytest.raises(psycopg.OperationalError) as fault:
            psycopg.connect(url)
        assert ("certificate verify failed" in str(fault.value)) is bool(refusal), str(fault.value)


def outcome(connect: Callable[[], object]) -> str:
    """Return "" if it connects, or the word for a certificate that is not trusted."""
    try:
        connect()
    except ssl.SSLCertVerificationError:
        return ssl.SSLCertVerificationError.__name__
    except OutboundHttpError as error:
        return str(error).removeprefix("no answer (").removesuffix(")")
    return ""


@pytest.fixture
def mail_server(serve: Serve, issued_certificate: IssuedCertificate) -> Callable[[str], str]:
    """Return a function that starts a mail server: encrypted, or with STARTTLS."""
    tls = issued_certificate.tls

    def talk(connection: socket.socket) -> None:
        with connection.makefile("rwb", buffering=0) as stream:
            for line in stream:
                if line.upper().startswith(b"STARTTLS"):
                    stream.write(b"220 go ahead\r\n")
                    with tls.wrap_socket(connection, server_side=True) as encrypted:
                        talk(encrypted)
                    return
                stream.write(b"250-mail.example.gov\r\n250 STARTTLS\r\n")

    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example.gov\r\n")
        talk(connection)

    def start(scheme: str) -> str:
        address = serve(greet, tls=tls if scheme == "smtps" else None)
        return f"{scheme}://{urlsplit(address).netloc}"

    return start


@pytest.fixture
def postgresql(serve: Serve, issued_certificate: IssuedCertificate) -> str:
    """Return the address of a server that speaks PostgreSQL up to the end of the TLS handshake."""

    def answer(connection: Any) -> None:
        # SSLRequest, which is answered by S (PostgreSQL: Message Formats).
        connection.recv(8)
        connection.sendall(b"S")
        with issued_certificate.tls.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(1024)

    return serve(answer).replace("http://", "postgresql://resident@").removesuffix("/jwks") + "/identity"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////tmp/identity.db", None),
        ("postgresql+psycopg://db/identity", None),
        ("postgresql+psycopg://db/identity?sslmode=require", None),
        ("postgresql+psycopg://db/identity?sslmode=verify-full&sslrootcert=/etc/own.pem", None),
        ("postgresql+psycopg://db/identity?sslmode=verify-full", "{url}&sslrootcert={file}"),
        ("postgresql+psycopg://db/identity?sslmode=verify-ca", "{url}&sslrootcert={file}"),
    ],
)
def test_a_database_that_is_verified_gets_the_authorities(
    certificate_authority: CertificateAuthority, url: str, expected: str | None
):
    file = str(certificate_authority.file)
    assert TrustedAuthorities(file).for_database(url) == (expected or url).format(url=url, file=file)


def test_without_a_file_the_database_gets_the_systems_store(monkeypatch: Environment, tmp_path: Path):
    store = tmp_path / "system.pem"
    store.write_bytes(b"")
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    url = "postgresql+psycopg://db/identity?sslmode=verify-full"
    assert TrustedAuthorities().for_database(url) == f"{url}&sslrootcert={store}"
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/own.pem")
    assert TrustedAuthorities().for_database(url) == url
