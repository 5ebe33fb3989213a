"""An OpenID provider on loopback whose every answer a test can bend."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from portal.clock import FixedClock

CITY_ID = "pinellas-park"
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 44"><circle cx="22" cy="22" r="20"/></svg>'
CITY = {
    "name": "City of Pinellas Park",
    "website": "https://www.pinellas-park.com",
    "support_phone": "727-369-0690",
    "support_name": "Utility Billing Department",
    "primary_color": "#00467f",
    "accent_color": "#0b6e4f",
    "languages": ["en", "es"],
    "notice": "",
}


class FakeIdentity:
    """Sign-ins succeed at once, for one resident, until a test says otherwise."""

    def __init__(self) -> None:
        self.keys = {
            "ES256": ECKey.generate_key("P-256", {"kid": "es", "use": "sig", "alg": "ES256"}),
            "RS256": RSAKey.generate_key(2048, {"kid": "rs", "use": "sig", "alg": "RS256"}),
        }
        self.issuer = ""
        self.reset(FixedClock(datetime.now(UTC)))

    def reset(self, clock: FixedClock) -> None:
        """Behave again."""
        self.clock = clock
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.revoked = False
        self.city: dict[str, Any] | None = dict(CITY)
        self.userinfo: dict[str, Any] = {
            "name": "Ana Rivera",
            "email": "ana@example.com",
            "sub": "resident-1",
        }
        # What a test bends: parameters of the redirect, the discovery document, the ID token, whole answers.
        self.redirect: dict[str, str | None] = {}
        self.discovery: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any], dict[str, Any]], str] = self._sign
        self.published = list(self.keys.values())
        self.published_without_kid = False
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.delay: dict[str, float] = {}

    def _sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, self.keys[header["alg"]], algorithms=["ES256", "RS256"])

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of every request to a path."""
        return [parameters for seen, parameters in self.seen if seen == path]

    def answer(self, path: str, parameters: dict[str, str], bearer: str) -> tuple[int, dict[str, str], bytes]:
        """Answer one request."""
        self.seen.append((path, parameters))
        time.sleep(self.delay.get(path, 0))
        if path in self.answers:
            status, kind, body = self.answers[path]
            return status, {"Content-Type": kind}, body
        if path == "/authorize":
            return self._authorize(parameters)
        if path == "/end-session":
            back = f"{parameters['post_logout_redirect_uri']}?state={parameters['state']}"
            return 303, {"Location": back}, b""
        if path == f"/cities/{CITY_ID}/logo.svg":
            return 200, {"Content-Type": "image/svg+xml"}, LOGO
        found: dict[str, Any] | None = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._jwks,
            "/token": lambda: self._token(parameters),
            "/userinfo": lambda: self.userinfo if bearer.startswith(f"at {self.issuer} ") else None,
            f"/cities/{CITY_ID}": lambda: self.city,
        }.get(path, lambda: None)()
        status = 404 if found is None else 400 if "error" in found else 200
        return status, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def _metadata(self) -> dict[str, Any]:
        ends = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "userinfo_endpoint": "/userinfo",
            "jwks_uri": "/jwks",
            "end_session_endpoint": "/end-session",
        }
        return (
            {name: self.issuer + path for name, path in ends.items()}
            | {"issuer": self.issuer, "authorization_response_iss_parameter_supported": True}
            | self.discovery
        )

    def _jwks(self) -> dict[str, Any]:
        listed = [key.as_dict(private=False) for key in self.published]
        if self.published_without_kid:
            listed = [{name: value for name, value in key.items() if name != "kid"} for key in listed]
        return {"keys": listed}

    def _authorize(self, parameters: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        code = secrets.token_hex(8)
        self.codes[code] = parameters
        back = {"code": code, "state": parameters["state"], "iss": self.issuer} | self.redirect
        query = urlencode({name: value for name, value in back.items() if value is not None})
        return 303, {"Location": f"{parameters['redirect_uri']}?{query}"}, b""

    def _token(self, asked: dict[str, str]) -> dict[str, Any]:
        if asked["grant_type"] == "refresh_token":
            if self.revoked or asked["refresh_token"] not in self.refresh_tokens:
                return {"error": "invalid_grant"}
            self.refresh_tokens.remove(asked["refresh_token"])
            return self._tokens(asked["resource"])
        request = self.codes.pop(asked["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest())
        if request is None or challenge.rstrip(b"=").decode() != request["code_challenge"]:
            return {"error": "invalid_grant"}
        tokens = self._tokens(request.get("resource", self.issuer))
        half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "resident-1",
            "aud": request["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": request["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "sid": "identity-session",
        } | self.claims
        header = {"alg": "ES256", "typ": "JWT", "kid": "es"} | self.header
        return tokens | {
            "id_token": self.sign(
                {name: value for name, value in header.items() if value is not None},
                {name: value for name, value in claims.items() if value is not None},
            )
        }

    def _tokens(self, resource: str) -> dict[str, Any]:
        number = len(self.asked("/token"))
        self.refresh_tokens.add(f"rt {number}")
        return {
            "access_token": f"at {resource} {number}",
            "refresh_token": f"rt {number}",
            "token_type": "Bearer",
            "expires_in": 300,
        }


@contextmanager
def listening() -> Iterator[FakeIdentity]:
    """Return an identity that listens on loopback."""
    fake = FakeIdentity()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            self._reply(address.path, dict(parse_qsl(address.query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply(self.path, dict(parse_qsl(body)))

        def _reply(self, path: str, parameters: dict[str, str]) -> None:
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, headers, body = fake.answer(path, parameters, bearer)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # a client that gave up waiting
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()
