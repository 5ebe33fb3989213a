"""Whatever is sent to any endpoint: the specification's error, in its form, and nothing else.

The endpoints come from the application itself, so a new one is held to these rules at once. Those that answer
programs are the ones of /openapi.json without a page among their answers.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from identity_provider import ISSUER, RESOURCE, RESOURCE_SECRET, Browser, Client, Provider
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "WHATEVER")
LONG = "x" * 65_536
FORM = "application/x-www-form-urlencoded"
# In no answer: what Python says of itself.
TRACES = ("Traceback", 'File "', "sqlalchemy", "werkzeug.exceptions", "psycopg", "BuildError")
NAMES = [
    *(
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "resource",
    ),
    *(
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "id_token_hint",
        "login_hint",
        "ui_locales",
    ),
    *("claims", "display", "acr_values", "request", "request_uri", "registration", "request_object"),
    *("grant_type", "code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token"),
    *("client_assertion_type", "device_code", "user_code", "subject_token", "audience", "token_type_hint"),
    *("post_logout_redirect_uri", "access_token", "logout_hint", "continue", "email", "password", "lang"),
]
HOSTILE = {
    "empty": "",
    "long": LONG,
    "non-ascii": "ünïcödé-\u202e-\U0001f4a7",
    "control": "a\r\nX-Injected: 1\t\x00b",
    "lone surrogate bytes": "\udcff\udcfe",
    "markup": '"><script>alert(1)</script>',
    "address": "https://attacker.example/",
    "json": '{"a":' * 3000,
    "jwt": "e30.e30.",
    "dots": "." * 500,
    "number": "-1e309",
}


@pytest.fixture(autouse=True)
def _clock_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let readiness take the clock of tests for the database's."""
    monkeypatch.setattr("identity.database_state.REFUSED", timedelta.max)


@dataclass(frozen=True)
class Endpoint:
    """One path, its methods, whether it is the protocol's, and whether programs read its answers."""

    path: str
    methods: frozenset[str]
    of_the_protocol: bool
    for_programs: bool


@pytest.fixture
def endpoints(provider: Provider) -> list[Endpoint]:
    described = provider.app.test_client().get("/openapi.json", base_url=ISSUER).json or {}
    with_pages = {
        path
        for path, methods in described["paths"].items()
        if "text/html" in json.dumps([method["responses"] for method in methods.values()])
    }
    found: dict[str, set[str]] = {}
    for rule, methods in provider.rules():
        found.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule), set()).update(methods)
    return [
        Endpoint(
            re.sub(r"\{\w+\}", "unknown", path),
            frozenset(methods),
            any("OpenID Connect" in one["tags"] for one in described["paths"].get(path, {}).values()),
            path in described["paths"] and path not in with_pages,
        )
        for path, methods in sorted(found.items())
    ]


def faults(endpoint: Endpoint, response: TestResponse, sent: str) -> Iterator[str]:
    """Tell what is wrong with an answer, whatever was sent."""
    where = f"{endpoint.path} ({sent}) {response.status_code}"
    text = response.get_data(as_text=True)
    if response.status_code >= 500:
        yield f"{where}: a fault of ours"
    if any(trace in text for trace in TRACES):
        yield f"{where}: a trace"
    if endpoint.for_programs and response.mimetype == "text/html":
        yield f"{where}: HTML for a program"
    # `err` is RFC 8935 §2.3's name for it.
    is_error = endpoint.for_programs and response.status_code >= 400 and text
    if is_error and not {"error", "err"} & json.loads(text).keys():
        yield f"{where}: no error named"
    location = urlsplit(response.headers.get("Location", ""))
    if location.netloc not in ("", urlsplit(ISSUER).netloc, "city.example"):
        yield f"{where}: sends browsers to {location.netloc}"
    if "X-Injected" in response.headers or "<script>alert" in text:
        yield f"{where}: says what it was told"


def encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogateescape")


def test_a_wrong_method_is_refused_and_the_right_ones_named(provider: Provider, endpoints: list[Endpoint]):
    browser, found = provider.browser(), []
    for endpoint in endpoints:
        for method in sorted(set(METHODS) - endpoint.methods):
            response = browser.open(endpoint.path, method)
            allowed = set(response.headers.get("Allow", "").split(", "))
            if response.status_code != 405 or not allowed >= endpoint.methods - {"OPTIONS", "HEAD"}:
                found.append(f"{method} {endpoint.path}: {response.status_code}, Allow: {sorted(allowed)}")
            found += faults(endpoint, response, method)
    assert not found, "\n".join(found)


def test_options_names_the_methods_that_are_answered_and_no_other(
    provider: Provider, endpoints: list[Endpoint]
):
    browser, found = provider.browser(), []
    for endpoint in endpoints:
        response = browser.open(endpoint.path, "OPTIONS")
        allowed = set(response.headers["Allow"].split(", ")) - {"OPTIONS"}
        for method in METHODS:
            is_refused = browser.open(endpoint.path, method).status_code == 405
            if is_refused is (method in allowed):
                found.append(f"{method} {endpoint.path}: {is_refused=}, Allow: {sorted(allowed)}")
    assert not found, "\n".join(found)


# As browsers and attackers write them in a path: NUL, a line break, no UTF-8, half a character, dots, length.
ODD_SEGMENTS = ["%00", "a%00b", "%0D%0Ax", "%FF", "%ED%A0%80", "%E2%82", "%zz", "%2E%2E", "%25", "a" * 8000]


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("segment", ODD_SEGMENTS, ids=lambda segment: segment[:20])
def test_an_odd_path_is_answered_in_the_endpoints_own_way(
    provider: Provider, endpoints: list[Endpoint], segment: str
):
    browser, found = provider.browser(), []
    for endpoint in endpoints:
        # In the place of what varies; and below, where another endpoint of the same first segment could be.
        paths = {endpoint.path.replace("unknown", segment)} - {endpoint.path}
        paths |= {f"{endpoint.path}/{segment}"} if endpoint.for_programs else set()
        for path in paths:
            for method in sorted(endpoint.methods - {"HEAD", "OPTIONS"}):
                response = browser.open(path, method, headers={"Authorization": "Bearer unknown"})
                found += faults(endpoint, response, f"{method} {path[:60]}")
                if response.status_code < 400 and endpoint.for_programs:
                    found.append(f"{method} {path[:60]}: {response.status_code}")
    assert not found, "\n".join(found)


# What a header may hold that no database does: cookies quote octets, credentials encode them.
ODD_HEADERS = {
    "cookies": {
        "Cookie": "; ".join(
            f'{name}="a\\000b"' for name in ("session", "device", "page", "language", "browser", "attempt")
        )
    },
    "basic": {"Authorization": "Basic " + base64.b64encode(b"city\0website:secret\0").decode()},
    "basic, no UTF-8": {"Authorization": "Basic " + base64.b64encode(b"city\xed\xa0\x80:\xff").decode()},
    "bearer": {"Authorization": "Bearer a\xed\xa0\x80.b.c"},
    "user agent": {"User-Agent": "a\xed\xa0\x80b", "Accept-Language": "\xff\xfe", "Referer": "\xff"},
    "forwarded": {"X-Forwarded-For": "a\xed\xa0\x80b", "DPoP": "\xff"},
}


@pytest.mark.database("postgresql")
@pytest.mark.parametrize("kind", ODD_HEADERS)
def test_odd_headers(provider: Provider, endpoints: list[Endpoint], kind: str):
    found = []
    for endpoint in endpoints:
        for method in sorted(endpoint.methods - {"HEAD", "OPTIONS"}):
            response = provider.browser().open(endpoint.path, method, headers=ODD_HEADERS[kind])
            found += faults(endpoint, response, f"{method} {kind}")
    assert not found, "\n".join(found)


# PostgreSQL refuses more of it than SQLite.
@pytest.mark.database("postgresql")
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_values(provider: Provider, endpoints: list[Endpoint], kind: str):
    """One parameter and no other, so that the rest is missing; and all of them at once."""
    provider.client()
    browser, found = provider.browser(), []
    value = HOSTILE[kind]
    together = [(name, value[:50]) for name in NAMES]
    alone = [[(name, value)] for name in (NAMES[::5] if kind in ("long", "json") else NAMES)]
    for endpoint in endpoints:
        # Pages for residents read few of these, and have tests of their own (tests/identity/journeys).
        for pairs in [together, *(alone if endpoint.of_the_protocol else [])]:
            body, sent = encoded(pairs), f"{kind} {pairs[0][0]}"
            if "GET" in endpoint.methods:
                found += faults(endpoint, browser.get(f"{endpoint.path}?{body}"), f"GET {sent}")
            if "POST" in endpoint.methods:
                response = browser.post(endpoint.path, body.encode(), content_type=FORM)
                found += faults(endpoint, response, f"POST {sent}")
    assert not found, "\n".join(found)


def test_a_request_longer_than_64_kib_is_refused(provider: Provider, endpoints: list[Endpoint]):
    browser, found = provider.browser(), []
    for endpoint in endpoints:
        if "POST" not in endpoint.methods:
            continue
        response = browser.post(endpoint.path, f"state={LONG}".encode(), content_type=FORM)
        # Who does not prove themselves is told that first; 405 and 404 come before anything is read.
        if response.status_code not in (400, 401, 404, 413):
            found.append(f"{endpoint.path}: {response.status_code}")
        found += faults(endpoint, response, "too long")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES[:20])
def test_a_parameter_sent_twice_is_never_obeyed(provider: Provider, name: str):
    client = provider.client()
    pairs = [*client.request().items(), (name, "one"), (name, "two")]
    response = provider.browser(provider.resident()).get(f"/authorize?{encoded(pairs)}")
    assert "code=" not in response.headers.get("Location", "").replace("_code=", "") or name == "resource"
    form = [("grant_type", "refresh_token"), ("refresh_token", "x"), (name, "one"), (name, "two")]
    answer = provider.browser().post(
        "/token", encoded(form).encode(), content_type=FORM, headers=client.basic()
    )
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "\xff/x",
        "x" * 5000,
    ],
    ids=["json", "text", "multipart", "xml", "none", "non-ascii", "long"],
)
def test_a_wrong_content_type(provider: Provider, endpoints: list[Endpoint], content_type: str):
    client, browser, found = provider.client(), provider.browser(), []
    for endpoint in endpoints:
        if "POST" not in endpoint.methods:
            continue
        for body in (b'{"grant_type": "refresh_token"}', b"--x\r\n\r\n", b"\xff\xfe\x00", b"[" * 9000, b""):
            response = browser.post(endpoint.path, body, content_type=content_type, headers=client.basic())
            found += faults(endpoint, response, f"{content_type[:20]} {body[:10]!r}")
            if endpoint.for_programs and endpoint.path != "/userinfo" and response.status_code < 400:
                found.append(f"{endpoint.path}: accepted {body[:20]!r} as {content_type[:20]}")
    assert not found, "\n".join(found)


BROKEN_JSON = [
    b"",
    b"{",
    b"nul",
    b"\xff",
    b"[]",
    b'"x"',
    b"1e999",
    b'{"id": 1}',
    b"[" * 8000,
    b'{"a":' * 1500,
    b'{"id": "\\ud800"}',
    b'{"id": NaN}',
    b'{"id": 1, "id": 2}',
    b"1" * 5000,
]


@pytest.mark.parametrize("body", BROKEN_JSON, ids=lambda body: repr(body[:6]))
def test_broken_json(provider: Provider, body: bytes):
    credentials = base64.b64encode(f"{quote(RESOURCE, safe='')}:{RESOURCE_SECRET}".encode()).decode()
    response = provider.browser().post(
        "/notices", body, content_type="application/json", headers={"Authorization": f"Basic {credentials}"}
    )
    assert (response.status_code, response.mimetype) == (400, "application/json")
    assert response.json["error"] in ("invalid_notice", "invalid_request")


AUTHORIZATIONS = [
    *("Basic", "Basic ", "Basic !!!", "Basic " + LONG, "Bearer", "Bearer ", "Bearer " + LONG, "Bearer \xff"),
    *("DPoP x", "Digest username=x", "Negotiate x", "Basic " + base64.b64encode(b"\xff:\xff").decode(), ""),
    *("Bearer a b", "Bearer ..", "Bearer e30.e30.", "basic " + base64.b64encode(b"\0:\0").decode(), "\0"),
]


def test_broken_credentials(provider: Provider, endpoints: list[Endpoint]):
    browser, found = provider.browser(), []
    for endpoint in endpoints:
        for header in AUTHORIZATIONS:
            for method in sorted(endpoint.methods & {"GET", "POST"}):
                options: dict[str, Any] = {"content_type": FORM} if method == "POST" else {}
                response = browser.open(endpoint.path, method, headers={"Authorization": header}, **options)
                found += faults(endpoint, response, f"{method} Authorization: {header[:20]!r}")
                if endpoint.path in ("/token", "/userinfo", "/notices") and response.status_code < 400:
                    found.append(f"{endpoint.path}: accepted {header[:20]!r}")
                if response.status_code == 401 and "WWW-Authenticate" not in response.headers:
                    found.append(f"{endpoint.path}: 401 without a challenge")
    assert not found, "\n".join(found)


# --- tokens


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@dataclass
class Bench:
    """Genuine tokens, and the keys to forge others with."""

    provider: Provider
    client: Client
    browser: Browser
    tokens: dict[str, Any]
    keys: dict[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        return dict(json.loads(base64.urlsafe_b64decode(self.tokens["access_token"].split(".")[0] + "==")))

    def claims(self, kind: str) -> dict[str, Any]:
        return self.provider.claims(self.tokens[kind])

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign with the provider's own key: all that is wrong is what the test says."""
        full = {"alg": "ES256", "typ": "at+jwt", "kid": "key-ES256"} | header
        key = self.keys[full["alg"]]
        return jwt.encode({k: v for k, v in full.items() if v is not None}, claims, key, [full["alg"]])


@pytest.fixture
def bench(provider: Provider, made_keys: dict[str, Any]) -> Bench:
    client = provider.client()
    browser = provider.browser(provider.resident())
    return Bench(provider, client, browser, provider.tokens(browser, client), made_keys)


def forgeries(bench: Bench) -> dict[str, str]:
    """Return access tokens of which each has one thing wrong."""
    claims, now = bench.claims("access_token"), int(bench.provider.clock.now().timestamp())
    public = bench.keys["RS256"].as_pem(private=False)
    stranger_ec, stranger_rsa = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)

    def symmetric(secret: bytes, **header: Any) -> str:
        text = f"{part({'alg': 'HS256', 'typ': 'at+jwt'} | header)}.{part(claims)}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def foreign(**header: Any) -> str:
        return jwt.encode({"alg": "ES256", "typ": "at+jwt"} | header, claims, stranger_ec, ["ES256"])

    head, body, signature = bench.tokens["access_token"].split(".")
    return {
        "alg none": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims)}.",
        "alg None": f"{part({'alg': 'None', 'kid': 'key-ES256'})}.{part(claims)}.{signature}",
        "HS256 with the public key": symmetric(public, kid="key-RS256"),
        "HS256 with the public key, no kid": symmetric(public),
        "HS256 with nothing": symmetric(b"", kid="key-ES256"),
        "HS256 with the client's secret": symmetric((bench.client.secret or "").encode()),
        "key in the header": foreign(jwk=stranger_ec.as_dict(private=False), kid="key-ES256"),
        "key in the header, no kid": foreign(jwk=stranger_ec.as_dict(private=False)),
        "key at an address": foreign(jku="https://attacker.example/jwks", kid="key-ES256"),
        "certificate at an address": foreign(x5u="https://attacker.example/x", kid="key-ES256"),
        "unknown kid": foreign(kid="key-of-nobody"),
        "kid as a path": foreign(kid="../../../../dev/null"),
        "kid of another algorithm": foreign(kid="key-RS256"),
        "another's RSA key": jwt.encode(
            {"alg": "RS256", "typ": "at+jwt", "kid": "key-RS256"}, claims, stranger_rsa, ["RS256"]
        ),
        "damaged header": f"{head}x.{body}.{signature}",
        "changed claims": f"{head}.{part(claims | {'sub': 'somebody-else'})}.{signature}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "five parts": f"{head}.{body}.{signature}.{body}.{signature}",
        "wrong iss": bench.signed(claims | {"iss": "https://attacker.example"}),
        "no iss": bench.signed({k: v for k, v in claims.items() if k != "iss"}),
        "iss with a slash": bench.signed(claims | {"iss": f"{ISSUER}/"}),
        "wrong aud": bench.signed(claims | {"aud": RESOURCE}),
        "aud of a client": bench.signed(claims | {"aud": bench.client.id}),
        "no aud": bench.signed({k: v for k, v in claims.items() if k != "aud"}),
        "wrong typ": bench.signed(claims, typ="JWT"),
        "no typ": bench.signed(claims, typ=None),
        "typ of a logout token": bench.signed(claims, typ="logout+jwt"),
        "expired": bench.signed(claims | {"exp": now}),
        "no exp": bench.signed({k: v for k, v in claims.items() if k != "exp"}),
        "exp as text": bench.signed(claims | {"exp": str(now + 60)}),
        "exp true": bench.signed(claims | {"exp": True}),
        "from the future": bench.signed(claims | {"iat": now + 3600, "exp": now + 7200}),
        "not yet": bench.signed(claims | {"nbf": now + 3600}),
        "iat as text": bench.signed(claims | {"iat": "yesterday"}),
        "unknown grant": bench.signed(claims | {"grant": "unknown"}),
        "no grant": bench.signed({k: v for k, v in claims.items() if k != "grant"}),
        "another's sub": bench.signed(claims | {"sub": "somebody-else"}),
        "another client": bench.signed(claims | {"client_id": "another"}),
        "ID token": bench.tokens["id_token"],
        "refresh token": bench.tokens["refresh_token"],
        "claims as a list": f"{head}.{base64.urlsafe_b64encode(b'[]').decode()}.{signature}",
        "long": bench.signed(claims | {"padding": "x" * 9000}),
    }


def test_forged_access_tokens_are_refused_at_userinfo(bench: Bench):
    accepted = []
    for name, token in forgeries(bench).items():
        header = {"Authorization": f"Bearer {token}"}
        for response in (
            bench.browser.get("/userinfo", headers=header),
            bench.browser.post("/userinfo", {"access_token": token}),
        ):
            answer = (response.status_code, response.mimetype, (response.json or {}).get("error"))
            challenge = response.headers.get("WWW-Authenticate", "")
            if (
                answer != (401, "application/json", "invalid_token")
                or 'error="invalid_token"' not in challenge
            ):
                accepted.append((name, answer))
    assert not accepted, accepted
    assert bench.provider.userinfo(bench.tokens["access_token"]).status_code == 200


def hints(bench: Bench) -> dict[str, str]:
    """Return ID tokens of which each has one thing wrong; what is expired is a hint all the same."""
    claims = bench.claims("id_token")
    now = int(bench.provider.clock.now().timestamp())
    forged = {
        name: token
        for name, token in forgeries(bench).items()
        if not name.startswith(("wrong typ", "no typ", "ID token"))
    }
    return forged | {
        "access token": bench.tokens["access_token"],
        "wrong iss": bench.signed(claims | {"iss": "https://attacker.example"}, typ="JWT"),
        "aud as a list of strangers": bench.signed(claims | {"aud": ["another"]}, typ="JWT"),
        "no aud": bench.signed({k: v for k, v in claims.items() if k != "aud"}, typ="JWT"),
        "no iat": bench.signed({k: v for k, v in claims.items() if k != "iat"}, typ="JWT"),
        "from the future": bench.signed(claims | {"iat": now + 3600}, typ="JWT"),
        "no sub": bench.signed({k: v for k, v in claims.items() if k != "sub"}, typ="JWT"),
        "sub as a number": bench.signed(claims | {"sub": 1}, typ="JWT"),
        "typ of a logout token": bench.signed(claims, typ="logout+jwt"),
    }


def test_forged_hints_are_refused_at_the_authorization_endpoint(bench: Bench):
    for name, hint in hints(bench).items():
        response = bench.browser.authorize(bench.client.request(id_token_hint=hint, prompt="none"))
        location = response.headers.get("Location", "")
        assert location.startswith(f"{bench.client.redirect_uri}?error=invalid_request"), (
            name,
            location[:200],
        )
        assert "code=" not in location, name


def test_forged_hints_sign_nobody_out_and_redirect_nobody(bench: Bench):
    for name, hint in hints(bench).items():
        query = {"id_token_hint": hint, "post_logout_redirect_uri": "https://city.example/"}
        response = bench.browser.get(f"/end-session?{urlencode(query)}")
        assert (response.status_code, "Location" in response.headers) == (200, False), name
    assert bench.provider.userinfo(bench.tokens["access_token"]).status_code == 200


def test_tokens_of_one_kind_are_no_other(bench: Bench):
    tokens = {name: bench.tokens[name] for name in ("access_token", "id_token", "refresh_token")}
    code = bench.provider.code(bench.browser, bench.client)
    for name, token in {**tokens, "code": code}.items():
        if name != "code":
            assert bench.provider.redeem(bench.client, token).json["error"] == "invalid_grant", name
        if name != "refresh_token":
            assert bench.provider.refresh(bench.client, token).json["error"] == "invalid_grant", name
        if name != "access_token":
            assert bench.provider.userinfo(token).status_code == 401, name
    assert bench.provider.redeem(bench.client, code).status_code == 200


def test_another_clients_tokens_are_refused(bench: Bench):
    other = bench.provider.client(id="another")
    code = bench.provider.code(bench.browser, bench.client)
    assert bench.provider.redeem(other, code).json["error"] == "invalid_grant"
    assert bench.provider.refresh(other, bench.tokens["refresh_token"]).json["error"] == "invalid_grant"
    answer = bench.browser.authorize(other.request(id_token_hint=bench.tokens["id_token"], prompt="none"))
    assert "error=invalid_request" in answer.location
