"""A session that ends at identity ends at the others: every service in this process, HTTP and gRPC.

On the machine's clock, since the services keep their own.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import portal.app
import portal.config
import pytest
import requests
from billing_link.config import ServerSettings
from billing_link.server import Server
from community_access.billing_link.v1 import billing_link_pb2, billing_link_pb2_grpc
from flask import Flask
from identity.app import create_app
from identity.clock import SystemClock
from identity.config import Settings
from identity.oidc.logout.backchannel import LogoutDelivery
from identity.oidc.tokens.logout_token import LogoutTokens
from identity.oidc.tokens.signing import TokenSigner
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import HTTP_LIMITS
from identity.outbox.worker import Worker
from identity.relying_parties.cache import RelyingPartyCache
from identity.residents.sessions.store import Sessions
from identity.secret_keys import SecretKeys
from identity.security_events.receivers import ReceiverRegistry, Registration
from identity.signing_keys.key_set import KeySet
from identity_provider import RESOURCE, RESOURCE_SECRET, SECRET_KEY, VERIFIER, Client, Provider
from portal.clock import SystemClock as PortalClock
from portal.storage import Storage as PortalStorage
from portal.web.sessions.store import Sessions as PortalSessions
from werkzeug.serving import make_server

SECONDS = 5


@contextmanager
def listening(make: Callable[[str], Flask]) -> Iterator[str]:
    """Serve the application that is made for its address."""
    server = make_server("127.0.0.1", 0, Flask("none"), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    server.app = make(address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Resident:
    """A resident's browser at identity, and what the client got for them."""

    identity: str
    session: requests.Session
    tokens: dict[str, Any]

    def sign_out(self) -> None:
        answer = self.session.get(
            f"{self.identity}/end-session", params={"id_token_hint": self.tokens["id_token"]}, timeout=5
        )
        assert answer.status_code == 200


@pytest.fixture
def identity(provider: Provider) -> Iterator[str]:
    """Return the address of an identity on the provider's database."""

    def make(address: str) -> Flask:
        settings = Settings(issuer=address, database_url=provider.url, secret_keys=[SECRET_KEY])
        made.append(create_app(settings, hashing="cheap"))
        return made[0]

    made: list[Flask] = []
    with listening(make) as address:
        yield address
    made[0].extensions["identity"].dispose()


@pytest.fixture
def sign_in(provider: Provider, identity: str) -> Callable[[Client], Resident]:
    """Return a function that signs a resident in at a client."""

    def sign_in(client: Client) -> Resident:
        with provider.storage.autocommit() as connection:
            begun = Sessions(connection).insert_session(
                resident_id=provider.resident(),
                amr=["pwd"],
                remembered=False,
                now=SystemClock().now(),
                user_agent="",
                ip_address="",
            )
        session = requests.Session()
        session.cookies.set("session", begun.secret)
        address = f"{identity}/authorize"
        asked = client.request(resource=RESOURCE, scope="openid billing.read billing.link")
        back = session.get(address, params=asked, allow_redirects=False, timeout=5).headers["Location"]
        [code] = parse_qs(urlsplit(back).query)["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": VERIFIER,
        }
        answer = requests.post(f"{identity}/token", data=form, headers=client.basic(), timeout=5)
        assert answer.status_code == 200, answer.text
        return Resident(identity, session, answer.json())

    return sign_in


def test_billing_link_stops_honouring_it_within_seconds(
    provider: Provider,
    identity: str,
    sign_in: Callable[[Client], Resident],
    fresh_database: Callable[[str], str],
) -> None:
    registry = ReceiverRegistry(provider.storage, SecretKeys([SECRET_KEY]), SystemClock())
    registry.put(Registration(RESOURCE, None, None, frozenset({"session-revoked"})), RESOURCE_SECRET)
    client = provider.client()
    jane, john = sign_in(client), sign_in(client)
    settings = ServerSettings(
        database_url=fresh_database("billing_link"),
        issuer=identity,
        resource_secret=RESOURCE_SECRET,
        threads=4,
    ).model_copy(update={"bind": "127.0.0.1:0"})
    server = Server(settings)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = billing_link_pb2_grpc.BillingLinkServiceStub(channel)

        def is_refused(resident: Resident) -> bool:
            metadata = [("authorization", f"Bearer {resident.tokens['access_token']}")]
            with pytest.raises(grpc.RpcError) as raised:
                stub.ListLinkedAccounts(
                    billing_link_pb2.ListLinkedAccountsRequest(), metadata=metadata, timeout=5
                )
            # Any other answer, such as that the city has no records yet, comes after the token was taken.
            return bool(raised.value.code() is grpc.StatusCode.UNAUTHENTICATED)

        assert not is_refused(jane)
        jane.sign_out()
        end = time.monotonic() + SECONDS
        while not is_refused(jane):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert not is_refused(john)
    server.stop(grace=0)


def test_the_portal_signs_the_resident_out(
    provider: Provider,
    identity: str,
    sign_in: Callable[[Client], Resident],
    fresh_database: Callable[[str], str],
) -> None:
    made: list[Flask] = []

    def make(address: str) -> Flask:
        settings = portal.config.Settings(
            base_url=address,
            database_url=database_url,
            secret_keys=["a key of thirty-two characters or more"],
            issuer=identity,
            client_id="citizen-self-service",
            client_secret="not used here",
            city="pinellas-park",
            billing_link_target="127.0.0.1:9",
        )
        made.append(portal.app.create_app(settings))
        return made[0]

    database_url = fresh_database("portal")
    storage, clock, secret_keys = PortalStorage(database_url), SystemClock(), SecretKeys([SECRET_KEY])
    with listening(make) as address:
        client = provider.client(
            id="citizen-self-service", backchannel_logout_uri=f"{address}/backchannel-logout"
        )
        jane, john = sign_in(client), sign_in(client)
        secrets = [begin(storage, provider.claims(one.tokens["id_token"])) for one in (jane, john)]
        jane.sign_out()
        tokens = LogoutTokens(
            TokenSigner(KeySet(provider.storage, secret_keys, clock), clock, identity), clock, identity
        )
        handler = LogoutDelivery(
            RelyingPartyCache(provider.storage, clock), tokens, OutboundHttp(HTTP_LIMITS)
        )
        assert Worker(provider.storage, secret_keys, [handler], clock).run_once() == 1
        with storage.transaction() as tx:
            left = [PortalSessions(tx).find_session(secret, PortalClock().now()) for secret in secrets]
        assert left[0] is None
        assert left[1] is not None
    storage.dispose()
    for close in made[0].extensions["portal.close"]:
        close()


def begin(storage: PortalStorage, claims: dict[str, Any]) -> str:
    """Sign a resident in to the portal, as its callback does; return the cookie's secret."""
    with storage.transaction() as tx:
        return PortalSessions(tx).add_session(
            f"session of {claims['sub']}", claims["sub"], claims["sid"], "", PortalClock().now()
        )
