"""The measured operations, the same for every provider. Its discovery document gives the addresses."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.http_load import Elsewhere, Exchange, HttpResponse, Request, Requests
from benchmarks.processes import BenchmarkError

SCOPE = "openid profile email"
REDIRECT_URI = "http://127.0.0.1:9/callback"
DISCOVERY = "/.well-known/openid-configuration"
OK, SEE_OTHER = 200, 303


@dataclass(frozen=True)
class Client:
    """The client registered at a provider; it authenticates with `client_secret_basic`."""

    id: str
    secret: str

    @property
    def authorization(self) -> str:
        """The `Authorization` header."""
        return f"Authorization: Basic {base64.b64encode(f'{self.id}:{self.secret}'.encode()).decode()}\r\n"


# A part of an operation, which returns its last response.
Step = Generator[Request, HttpResponse, HttpResponse]


def _authorize(visitor: "Visitor", target: str) -> Step:
    return (yield visitor.requests.get(target, f"Cookie: {visitor.cookies}\r\n"))


@dataclass(frozen=True)
class Provider:
    """A running provider: its issuer, its metadata, and the registered client."""

    issuer: str
    metadata: dict[str, Any]
    client: Client
    # Additional fields of its `client_credentials` requests.
    client_credentials: dict[str, str] = field(default_factory=dict)
    # The scope with which it gives a refresh token.
    scope: str = SCOPE
    # From an authorization request to the redirect with a code.
    authorize: Callable[["Visitor", str], Step] = _authorize

    @property
    def requests(self) -> Requests:
        """A builder of requests to it."""
        return Requests(urlsplit(self.issuer).netloc)

    def path(self, endpoint: str) -> str:
        """Return the path of a published endpoint, such as `token_endpoint`."""
        return urlsplit(str(self.metadata[endpoint])).path

    def to(self, endpoint: str, request: bytes) -> Request:
        """Return the request to a published endpoint, which may have another port than the issuer."""
        port = urlsplit(str(self.metadata[endpoint])).port
        if port is None or port == urlsplit(self.issuer).port:
            return request
        return Elsewhere(("127.0.0.1", port), request)


@dataclass
class Visitor:
    """The resident of one connection: the session, and the tokens of the last operation."""

    provider: Provider
    # The session cookies, as a browser sends them.
    cookies: str
    # A filled-in sign-in form, if sign-in is measured.
    sign_in: bytes = b""
    access_token: str = ""
    refresh_token: str = ""
    # Access tokens that were not used yet.
    new_tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.requests = self.provider.requests


def discovery(visitor: Visitor) -> Exchange:
    """Read the discovery document."""
    (yield visitor.requests.get(DISCOVERY)).expect(OK)


def jwks(visitor: Visitor) -> Exchange:
    """Read the public keys."""
    (yield visitor.requests.get(visitor.provider.path("jwks_uri"))).expect(OK)


def client_credentials(visitor: Visitor) -> Exchange:
    """Get a token for the client itself."""
    provider = visitor.provider
    yield from _ask(visitor, {"grant_type": "client_credentials"} | provider.client_credentials)


def authorization_request(provider: Provider) -> tuple[str, str]:
    """Return the path and query of a request for a code, and the PKCE verifier that redeems it."""
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.client.id,
        "redirect_uri": REDIRECT_URI,
        "scope": provider.scope,
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{provider.path('authorization_endpoint')}?{urlencode(query)}", verifier


def code(visitor: Visitor) -> Exchange:
    """Authorize with a session, then exchange the code with its PKCE verifier."""
    target, verifier = authorization_request(visitor.provider)
    response = yield from visitor.provider.authorize(visitor, target)
    form = {
        "grant_type": "authorization_code",
        "code": _code_in(response),
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
    }
    yield from _token(visitor, form)


def new_token(visitor: Visitor) -> Exchange:
    """Keep an access token for an operation that uses each token once."""
    yield from code(visitor)
    visitor.new_tokens.append(visitor.access_token)


def userinfo(visitor: Visitor) -> Exchange:
    """Read the claims that the token's scope allows."""
    bearer = f"Authorization: Bearer {visitor.access_token}\r\n"
    (yield visitor.requests.get(visitor.provider.path("userinfo_endpoint"), bearer)).expect(OK)


def refresh(visitor: Visitor) -> Exchange:
    """Exchange the refresh token for new tokens."""
    yield from _token(visitor, {"grant_type": "refresh_token", "refresh_token": visitor.refresh_token})


def introspection(visitor: Visitor) -> Exchange:
    """Introspect an active access token."""
    provider = visitor.provider
    request = visitor.requests.post(
        provider.path("introspection_endpoint"),
        {"token": visitor.access_token},
        provider.client.authorization,
    )
    if not (yield provider.to("introspection_endpoint", request)).expect(OK).json()["active"]:
        raise BenchmarkError("A new token is reported as not active")


def sign_in(visitor: Visitor) -> Exchange:
    """Submit the sign-in form with the right password."""
    (yield visitor.sign_in).expect(SEE_OTHER)


def sign_in_page(visitor: Visitor) -> Exchange:
    """Request the page with the sign-in form, as a browser without cookies does."""
    path = visitor.provider.path("sign_in_page")
    (yield visitor.requests.get(path, "Accept-Language: en\r\n")).expect(OK)


def empty_route(visitor: Visitor) -> Exchange:
    """Request the empty Flask route."""
    (yield visitor.requests.get(visitor.provider.path("empty_route"))).expect(OK)


def _ask(visitor: Visitor, form: dict[str, str]) -> Step:
    """Ask the token endpoint."""
    provider = visitor.provider
    request = visitor.requests.post(provider.path("token_endpoint"), form, provider.client.authorization)
    return (yield request).expect(OK)


def _token(visitor: Visitor, form: dict[str, str]) -> Exchange:
    """Keep the tokens of a response."""
    given = (yield from _ask(visitor, form)).json()
    visitor.access_token = str(given["access_token"])
    visitor.refresh_token = str(given.get("refresh_token", visitor.refresh_token))


def _code_in(response: HttpResponse) -> str:
    location = response.header(b"location").decode()
    codes = parse_qs(urlsplit(location).query).get("code", [])
    if not codes or not location.startswith(REDIRECT_URI):
        raise BenchmarkError(
            f"Expected a code, received {response.status}, {location}, {response.body[:500]!r}"
        )
    return codes[0]


@dataclass(frozen=True)
class Operation:
    """One operation: its name in tables, its requests, its preparation, and the providers that offer it."""

    name: str
    perform: Callable[[Visitor], Exchange]
    # Runs once on each connection before the measurement.
    prepare: Callable[[Visitor], Exchange] | None
    is_offered: Callable[[Visitor], bool]

    def begin(self, visitor: Visitor) -> Exchange | None:
        """Return the requests of one operation; None when there is nothing left to do."""
        return self.perform(visitor)


class OncePerToken(Operation):
    """An operation that uses each access token once; its preparation goes on for as long as a run."""

    def begin(self, visitor: Visitor) -> Exchange | None:
        """Return the requests of one operation with a new token; None when there is none."""
        if not visitor.new_tokens:
            return None
        visitor.access_token = visitor.new_tokens.pop()
        return self.perform(visitor)


def _publishes(endpoint: str) -> Callable[[Visitor], bool]:
    return lambda visitor: endpoint in visitor.provider.metadata


def _grants(name: str) -> Callable[[Visitor], bool]:
    return lambda visitor: name in visitor.provider.metadata.get("grant_types_supported", ())


_USERINFO, _INTROSPECTION = _publishes("userinfo_endpoint"), _publishes("introspection_endpoint")
SIGN_IN = Operation("password sign-in", sign_in, None, lambda visitor: bool(visitor.sign_in))
SIGN_IN_PAGE = Operation("GET /sign-in", sign_in_page, None, _publishes("sign_in_page"))
# The server of the lower bound of `GET /sign-in`.
STATIC_PAGE = "static page"
EMPTY_ROUTE = Operation("empty Flask route", empty_route, None, _publishes("empty_route"))
PROTOCOL = (
    Operation("discovery", discovery, None, _publishes("issuer")),
    Operation("JWKS", jwks, None, _publishes("jwks_uri")),
    Operation("client_credentials", client_credentials, None, _grants("client_credentials")),
    Operation("code + PKCE", code, None, _grants("authorization_code")),
    Operation("refresh", refresh, code, _grants("refresh_token")),
    OncePerToken("userinfo, new token", userinfo, new_token, _USERINFO),
    Operation("userinfo, same token", userinfo, code, _USERINFO),
    OncePerToken("introspection, new token", introspection, new_token, _INTROSPECTION),
    Operation("introspection, same token", introspection, code, _INTROSPECTION),
)
PAGES = (SIGN_IN_PAGE, EMPTY_ROUTE)
OPERATIONS = (*PROTOCOL, *PAGES, SIGN_IN)
