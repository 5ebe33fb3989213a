"""billing_link with a database that goes silent: callers are told before they give up, and it recovers."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import grpc
import pytest
from billing_link.rpc.health import check_health
from community_access.billing_link.v1 import billing_link_pb2, billing_link_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey
from local_stack import free_ports
from service_processes import SECONDS_TO_START, wait_until

# Seconds that the portal gives a call.
DEADLINE = 3
CALLS = 20


class Issuer:
    """What billing_link asks of identity: its metadata and keys; and tokens of it."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig", "alg": "ES256"})
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys = {"keys": [issuer._key.as_dict(private=False)]}
                metadata = {"issuer": issuer.address, "jwks_uri": f"{issuer.address}/jwks"}
                body = json.dumps(keys if self.path == "/jwks" else metadata).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.address, "aud": "urn:community-access:billing-link", "sub": "jane"}
        claims |= {"client_id": "portal", "iat": now, "exp": now + 300, "jti": "1", "sid": "session"}
        claims |= {"scope": "openid billing.read", "city": "a-city-that-is-unknown"}
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "ec"}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


def test_a_silent_database_is_told_before_the_callers_deadline(database, start, issuer) -> None:
    behind, bind = database("billing_link"), f"127.0.0.1:{free_ports(1)[0]}"
    process = start(
        "billing_link",
        "serve",
        BILLING_LINK_DATABASE_URL=behind.url,
        BILLING_LINK_BIND=bind,
        BILLING_LINK_ISSUER=issuer.address,
        BILLING_LINK_RESOURCE_SECRET="secret",
    )

    def status(*wanted: str) -> bool:
        return check_health(bind, seconds=1) in wanted

    wait_until(lambda: status("SERVING"), SECONDS_TO_START, lambda: process.output)
    with grpc.insecure_channel(bind) as channel, ThreadPoolExecutor(CALLS) as pool:
        stub = billing_link_pb2_grpc.BillingLinkServiceStub(channel)
        metadata = [("authorization", f"Bearer {issuer.token()}")]

        def call() -> str:
            request = billing_link_pb2.ListLinkedAccountsRequest()
            with pytest.raises(grpc.RpcError) as refused:
                stub.ListLinkedAccounts(request, metadata=metadata, timeout=DEADLINE)
            return str(refused.value.details())

        def calls() -> set[str]:
            return {one.result() for one in [pool.submit(call) for _ in range(CALLS)]}

        usual = calls()
        assert usual == {"The token's city is not served here."}
        behind.relay.freeze()
        assert calls() == {"Not available just now; try again."}
        assert wait_until(lambda: status("NOT_SERVING"), 3) < 3

        behind.relay.thaw()
        wait_until(lambda: status("SERVING"), 5)
        assert calls() == usual
