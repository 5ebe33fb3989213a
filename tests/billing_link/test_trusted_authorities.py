"""A city's own authority is trusted in every direction: by BILLING_LINK_CA_FILE, or in the system's store."""

import json

import pytest
from billing_link.config import ServerSettings, load_settings
from billing_link.errors import SettingsError, UnavailableError
from billing_link.notifications.store import Notification, NotificationKind
from billing_link.server import Server

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def environment(monkeypatch, database_url):
    monkeypatch.setenv("BILLING_LINK_DATABASE_URL", database_url)
    monkeypatch.setenv("BILLING_LINK_RESOURCE_SECRET", "secret")
    return monkeypatch


@pytest.mark.parametrize("way", [None, "BILLING_LINK_CA_FILE", "SSL_CERT_FILE"])
def test_identity_is_reached_for_keys_events_and_notifications(
    environment, serve, certificate_authority, issued_certificate, signing_keys, way
):
    requests = []

    def identity(connection):
        requests.append(path := connection.recv(65536).decode().split()[1])
        issuer = f"https://127.0.0.1:{connection.getsockname()[1]}"
        body = {
            "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"},
            "/jwks": {"keys": [signing_keys["ec"].as_dict(private=False)]},
            "/events/poll": {"sets": {}, "cursor": 1},
        }.get(path, {})
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(body).encode())

    environment.setenv(
        "BILLING_LINK_ISSUER", serve(identity, tls=issued_certificate.tls).removesuffix("/jwks")
    )
    if way:
        environment.setenv(way, str(certificate_authority.file))
    server = Server(load_settings(ServerSettings).model_copy(update={"bind": "127.0.0.1:0"}))
    server.start()
    notification = Notification("1", NotificationKind.AUTO_LINKED, "pinellas-park", "jane", {}, 1)
    parts = (
        lambda: server._keys.find_key("ec", "ES256"),  # noqa: SLF001 - what the server's calls ask
        server.revocations.poll,
        lambda: server.delivery._client.send(notification),  # noqa: SLF001 - as above
    )
    said = []
    for part in parts:
        try:
            said.append(str(part()))
        except UnavailableError as error:
            said.append(str(error))
    server.stop(grace=0)
    assert ["SSLCertVerificationError" in words for words in said] == [way is None] * 3
    assert bool(requests) is (way is not None)


def test_the_database_is_verified_with_the_same_authorities(environment, certificate_authority):
    environment.setenv("BILLING_LINK_ISSUER", "https://id.example.gov")
    environment.setenv("BILLING_LINK_CA_FILE", str(certificate_authority.file))
    environment.setenv("BILLING_LINK_DATABASE_URL", "postgresql://db/billing?sslmode=verify-full")
    url = load_settings(ServerSettings).database_url.get_secret_value()
    assert url.endswith(f"?sslmode=verify-full&sslrootcert={certificate_authority.file}")


def test_a_file_that_cannot_be_read_is_named(environment):
    environment.setenv("BILLING_LINK_ISSUER", "https://id.example.gov")
    environment.setenv("BILLING_LINK_CA_FILE", "/no/such.pem")
    with pytest.raises(SettingsError, match=r"^BILLING_LINK_CA_FILE: /no/such.pem cannot be read"):
        load_settings(ServerSettings)
