"""A city's own authority is trusted in both directions: by PORTAL_CA_FILE, or in the system's store."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from community_access.billing_link.v1.billing_link_pb2_grpc import add_BillingLinkServiceServicer_to_server
from portal.app import create_app
from portal.billing_link_client.accounts import LinkedAccounts
from portal.billing_link_client.client import BillingLinkClient
from portal.config import Settings, load_settings
from portal.errors import SettingsError

from tests.portal.conftest import close
from tests.portal.doubles.billing_link import FakeBillingLink

pytestmark = pytest.mark.database("sqlite")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


@pytest.fixture
def environment(monkeypatch, fresh_database):
    for name, value in {
        "PORTAL_BASE_URL": "http://127.0.0.1:8080",
        "PORTAL_DATABASE_URL": fresh_database("portal"),
        "PORTAL_SECRET_KEYS": "a key of thirty-two characters or more",
        "PORTAL_ISSUER": "https://id.example.gov",
        "PORTAL_CLIENT_ID": "citizen-self-service",
        "PORTAL_CLIENT_SECRET": "secret",
        "PORTAL_CITY": "pinellas-park",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("way", [None, "PORTAL_CA_FILE", "SSL_CERT_FILE"])
def test_identity_is_reached(environment, serve, certificate_authority, issued_certificate, way) -> None:
    def identity(connection) -> None:
        connection.recv(65536)
        issuer = f"https://127.0.0.1:{connection.getsockname()[1]}"
        metadata = {"issuer": issuer, **{name: f"{issuer}/{name}" for name in ENDPOINTS}}
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(metadata).encode())

    environment.setenv("PORTAL_ISSUER", serve(identity, tls=issued_certificate.tls).removesuffix("/jwks"))
    if way:
        environment.setenv(way, str(certificate_authority.file))
    app = create_app(load_settings(Settings))

    assert app.test_client().get("/sign-in").status_code == (303 if way else 503)
    close(app)


@pytest.fixture
def billing_link_target(issued_certificate):
    server = grpc.server(ThreadPoolExecutor(1))
    add_BillingLinkServiceServicer_to_server(FakeBillingLink(), server)
    pair = issued_certificate.key.read_bytes(), issued_certificate.certificate.read_bytes()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(grace=0).wait()


@pytest.mark.parametrize(
    ("ways", "is_trusted"),
    [
        (("PORTAL_CA_FILE",), False),
        (("PORTAL_BILLING_LINK_TLS",), False),
        (("PORTAL_BILLING_LINK_TLS", "PORTAL_CA_FILE"), True),
        (("PORTAL_BILLING_LINK_TLS", "SSL_CERT_FILE"), True),
        (("PORTAL_BILLING_LINK_TLS_CA",), True),
    ],
)
def test_billing_link_is_reached_with_tls(
    environment, billing_link_target, certificate_authority, ways, is_trusted
) -> None:
    for way in ways:
        is_switch = way == "PORTAL_BILLING_LINK_TLS"
        environment.setenv(way, "true" if is_switch else str(certificate_authority.file))
    client = BillingLinkClient(billing_link_target, load_settings(Settings).billing_link_tls_authorities)

    assert isinstance(client.list_linked_accounts("token"), LinkedAccounts) is is_trusted
    client.close()


@pytest.mark.parametrize("name", ["PORTAL_CA_FILE", "PORTAL_BILLING_LINK_TLS_CA"])
def test_a_file_that_cannot_be_read_is_named(environment, name: str) -> None:
    environment.setenv(name, "/no/such.pem")

    with pytest.raises(SettingsError, match=rf"^{name}: .*cannot be read"):
        load_settings(Settings)


def test_the_database_is_verified_with_the_same_authorities(environment, certificate_authority) -> None:
    environment.setenv("PORTAL_CA_FILE", str(certificate_authority.file))
    environment.setenv("PORTAL_DATABASE_URL", "postgresql://db/portal?sslmode=verify-ca")

    url = load_settings(Settings).database_url.get_secret_value()

    assert url.endswith(f"?sslmode=verify-ca&sslrootcert={certificate_authority.file}")
