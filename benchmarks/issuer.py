"""A substitute for identity: publishes a key and signs access tokens in the same way."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import ECKey

AUDIENCE = "urn:community-access:billing-link"
TOKEN_LIFE_SECONDS = 3600


class Issuer:
    """A running issuer."""

    def __init__(self, address: str, key: ECKey) -> None:
        self.address = address
        self._key = key

    def token(self, city: str) -> str:
        """Return an access token (RFC 9068) of a new resident of the city."""
        now = int(time.time())
        subject = secrets.token_hex(16)
        claims = {
            "iss": self.address,
            "sub": subject,
            "aud": AUDIENCE,
            "client_id": "benchmark",
            "iat": now,
            "exp": now + TOKEN_LIFE_SECONDS,
            "jti": secrets.token_hex(16),
            "scope": "billing.read billing.link",
            "sid": secrets.token_hex(16),
            "city": city,
            "email": f"{subject}@example.org",
            "email_verified": True,
            "given_name": "Maria",
            "family_name": "Lopez",
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}, claims, self._key)


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run an issuer in a thread. Its key is fetched once, never during a measurement."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    documents: dict[str, bytes] = {}

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = documents.get(self.path)
            self.send_response(200 if document else 404)
            self.end_headers()
            self.wfile.write(document or b"")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
    address = f"http://localhost:{server.server_port}"
    documents["/.well-known/openid-configuration"] = json.dumps(
        {"issuer": address, "jwks_uri": f"{address}/jwks"}
    ).encode()
    documents["/jwks"] = json.dumps({"keys": [key.as_dict(private=False, use="sig", alg="ES256")]}).encode()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Issuer(address, key)
    finally:
        server.shutdown()
        server.server_close()
