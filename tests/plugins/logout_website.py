"""A client's back-channel logout endpoint, and the worker that calls it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from identity.oidc.logout.backchannel import LogoutDelivery
from identity.oidc.tokens.logout_token import LogoutTokens
from identity.oidc.tokens.signing import TokenSigner
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import HTTP_LIMITS
from identity.outbox.worker import Worker
from identity.relying_parties.cache import RelyingPartyCache
from identity.secret_keys import SecretKeys
from identity.signing_keys.key_set import KeySet
from identity_provider import ISSUER, SECRET_KEY, Provider


class Website:
    """A client's back-channel logout endpoint, on loopback."""

    def __init__(self) -> None:
        self.status, self.received, self.pause = 200, [], 0.0
        self.headers: list[dict[str, str]] = []
        self.go_on = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}/logout?from=id"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def tokens(self) -> list[str]:
        return [parse_qs(body)["logout_token"][0] for body in self.received]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        website = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                assert self.path == "/logout?from=id"
                website.headers.append(dict(self.headers))
                website.received.append(body)
                if website.pause:
                    self._trickle()
                    return
                self.send_response(website.status)
                self.send_header("Location", website.uri)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _trickle(self) -> None:
                """Send a byte now and then, and never come to an end."""
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                while not website.go_on.wait(website.pause):
                    try:
                        self.wfile.write(b"x")
                    except OSError:
                        return

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def website() -> Iterator[Website]:
    """Return an endpoint that is listening."""
    website = Website()
    yield website
    website.close()


@pytest.fixture
def logout_http() -> OutboundHttp:
    """Return how the worker reaches clients."""
    return OutboundHttp(HTTP_LIMITS)


@pytest.fixture
def logout_worker(provider: Provider, logout_http: OutboundHttp) -> Worker:
    """Return the worker that tells clients."""
    secret_keys = SecretKeys([SECRET_KEY])
    key_set = KeySet(provider.storage, secret_keys, provider.clock)
    handler = LogoutDelivery(
        RelyingPartyCache(provider.storage, provider.clock),
        LogoutTokens(TokenSigner(key_set, provider.clock, ISSUER), provider.clock, ISSUER),
        logout_http,
    )
    return Worker(provider.storage, secret_keys, [handler], provider.clock)
