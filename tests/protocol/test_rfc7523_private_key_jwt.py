"""RFC 7523 §2.2 and §3, OpenID Connect Core §9: clients that sign a JWT to prove who they are."""

import http.server
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from identity.oidc.protocol.replay_store import SpentIdentifiers
from identity_provider import ISSUER, RESOURCE, Client, Provider
from joserfc.jwk import ECKey
from signing_client import (
    ASSERTION_TYPE,
    JWKS,
    KEYS,
    STRANGER,
    assertion,
    assertion_claims,
    public,
    signed,
    with_public_key_as_secret,
)
from werkzeug.test import TestResponse

CLIENT_CREDENTIALS = ["authorization_code", "client_credentials"]


def registered(provider: Provider, **changes: Any) -> Client:
    fields = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS} | changes
    return provider.client(**fields)


def ask(provider: Provider, **form: Any) -> TestResponse:
    form = {"grant_type": "authorization_code", "code": "unknown"} | form
    form = {name: value for name, value in form.items() if value is not None}
    return provider.app.test_client().post("/token", data=form, base_url=ISSUER)


def succeed(provider: Provider, **form: Any) -> TestResponse:
    """Ask for a token of the client's own, which needs no more than its authentication."""
    return ask(provider, grant_type="client_credentials", code=None, resource=RESOURCE, **form)


def accepted(response: TestResponse) -> bool:
    """Tell whether the client was believed: then the unknown code is all that is wrong."""
    if (response.json or {})["error"] == "invalid_grant":
        return True
    assert (response.status_code, response.json["error"]) == (401, "invalid_client"), response.json
    assert "WWW-Authenticate" in response.headers
    return False


def with_jwt(provider: Provider, jwt: str, **form: Any) -> bool:
    fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": jwt} | form
    return accepted(ask(provider, **fields))


def test_oidc_core_9_a_whole_flow_with_signed_assertions(provider: Provider):
    client = registered(provider)
    code = provider.code(provider.browser(provider.resident()), client)
    response = ask(
        provider,
        code=code,
        redirect_uri=client.redirect_uri,
        code_verifier="a-verifier-of-at-least-forty-three-characters-0000",
        **assertion(client.id, provider.clock.now()),
    )
    assert response.status_code == 200
    again = ask(
        provider,
        grant_type="refresh_token",
        code=None,
        refresh_token=response.json["refresh_token"],
        **assertion(client.id, provider.clock.now()),
    )
    assert again.status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_3_1_every_advertised_algorithm_works(provider: Provider, alg: str):
    client = registered(provider)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now(), alg)))
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert alg in document["token_endpoint_auth_signing_alg_values_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]


def test_3_1_confused_algorithms_and_foreign_keys_are_refused(provider: Provider):
    client = registered(provider)
    claims = assertion_claims(client.id, provider.clock.now())
    for jwt in (
        signed(claims, "none"),
        with_public_key_as_secret(claims),
        signed(claims, key=STRANGER, kid="ec"),
        signed(claims, key=STRANGER, kid="unknown"),
        signed(claims, key=STRANGER, jwk=public(STRANGER)),
        signed(claims, kid="ec", jku="https://attacker.example/jwks"),
        signed(claims, kid="ec", crit=["exp"]),
        signed(claims, kid="ec", typ="dpop+jwt"),
        signed(claims, kid="ec", typ="oauth-authz-req+jwt"),
        signed(claims, kid="ec", typ=5),
        signed(claims, "RS256", kid="ec"),
    ):
        assert not with_jwt(provider, jwt), jwt
    assert with_jwt(provider, signed(claims, kid="ec"))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"jti": "\ud800"},
        {"jti": "a\0b"},
        {"unknown": ["\udfff"]},
        {"exp": float("inf")},
        {"iat": 10**400},
        {"sub": "another"},
        {"sub": None},
        {"iss": None},
        {"sub": ["city-website"]},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": []},
        {"aud": {"x": 1}},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/par"},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 256},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**30},
        {"exp": float("nan")},
    ],
)
def test_3_each_claim_is_checked(provider: Provider, changes: dict[str, Any]):
    client = registered(provider)
    claims = assertion_claims(client.id, provider.clock.now(), **changes)
    assert not with_jwt(provider, signed(claims, kid="ec"))


def test_3_times_are_checked(provider: Provider):
    client, now = registered(provider), int(provider.clock.now().timestamp())
    for changes, is_good in (
        ({"exp": now}, False),
        ({"exp": now + 1}, True),
        ({"exp": now + 300}, True),
        ({"exp": now + 311}, False),
        ({"iat": now + 10}, True),
        ({"iat": now + 11}, False),
        ({"nbf": now + 11}, False),
        ({"iat": None}, True),
    ):
        claims = assertion_claims(client.id, provider.clock.now(), **changes)
        assert with_jwt(provider, signed(claims, kid="ec")) is is_good, changes


@pytest.mark.parametrize("aud", [ISSUER, f"{ISSUER}/token", [ISSUER]])
def test_3_issuer_or_token_endpoint_is_the_audience(provider: Provider, aud: Any):
    client = registered(provider)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now(), aud=aud)))


def test_3_an_assertion_works_once(provider: Provider):
    client = registered(provider, grant_types=CLIENT_CREDENTIALS)
    fields = assertion(client.id, provider.clock.now())
    assert succeed(provider, **fields).status_code == 200
    response = succeed(provider, **fields)
    assert not accepted(response)
    assert "used before" in response.json["error_description"]


def test_a_refused_assertion_spends_nothing(provider: Provider):
    client = registered(provider)
    claims = assertion_claims(client.id, provider.clock.now())
    assert not with_jwt(provider, signed(claims, key=STRANGER, kid="ec"))
    assert with_jwt(provider, signed(claims, kid="ec"))


def test_two_clients_may_use_the_same_jti(provider: Provider):
    one, two = registered(provider), registered(provider, id="another")
    for client in (one, two):
        assert accepted(ask(provider, **assertion(client.id, provider.clock.now(), jti="the-same")))


def test_2_2_the_parameters_go_together_and_agree(provider: Provider):
    client = registered(provider)
    fields = assertion(client.id, provider.clock.now())
    assert ask(provider, **fields, client_id="another").json["error"] == "invalid_request"
    assert ask(provider, **fields, client_secret="x" * 40).json["error"] == "invalid_request"
    assert not accepted(ask(provider, client_assertion=fields["client_assertion"]))
    assert not accepted(ask(provider, client_assertion_type=ASSERTION_TYPE, client_id=client.id))
    other_type = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    assert not accepted(ask(provider, **fields | {"client_assertion_type": other_type}))
    assert accepted(ask(provider, **fields, client_id=client.id))


@pytest.mark.parametrize("jwt", ["x", "a.b.c", "....", "é.é.é", "x" * 9000, "e30.e30.", "W10.W10.AA", "\x00"])
def test_bad_input_is_an_invalid_client_or_request(provider: Provider, jwt: str):
    registered(provider)
    response = ask(provider, client_assertion_type=ASSERTION_TYPE, client_assertion=jwt)
    assert response.status_code in {400, 401}
    assert response.json["error"] in {"invalid_client", "invalid_request"}


def test_a_client_uses_the_method_that_it_registered(provider: Provider):
    provider.client()
    assert not accepted(ask(provider, **assertion("city-website", provider.clock.now())))
    registered(provider, id="signing")
    assert not accepted(ask(provider, client_id="signing"))


class _Keys(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def published() -> Iterator[Any]:
    """Return a client's own server with its keys."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Keys)
    server.asked, server.status, server.body = 0, 200, json.dumps(JWKS).encode()
    server.uri = f"http://127.0.0.1:{server.server_address[1]}/jwks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_oidc_core_10_1_published_keys_are_fetched_and_kept(provider: Provider, published: Any):
    client = registered(provider, jwks=None, jwks_uri=published.uri)
    for _ in range(3):
        assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    assert published.asked == 1
    provider.advance(minutes=5)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    assert published.asked == 2


def test_oidc_core_10_1_1_a_rotated_key_is_found_by_its_kid_with_a_floor(provider: Provider, published: Any):
    client = registered(provider, jwks=None, jwks_uri=published.uri)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    new = ECKey.generate_key("P-256", {"kid": "new"})
    published.body = json.dumps({"keys": [public(new)]}).encode()
    jwt = signed(assertion_claims(client.id, provider.clock.now()), key=new, kid="new")
    assert not with_jwt(provider, jwt)
    provider.advance(seconds=30)
    jwt = signed(assertion_claims(client.id, provider.clock.now()), key=new, kid="new")
    assert with_jwt(provider, jwt)
    for _ in range(5):
        assert not with_jwt(provider, signed(assertion_claims(client.id, provider.clock.now()), kid="gone"))
    assert published.asked == 2


def test_many_requests_at_a_cold_start_ask_once_and_few_wait(provider: Provider, published: Any):
    client = registered(provider, jwks=None, jwks_uri=published.uri)
    forms = [assertion(client.id, provider.clock.now()) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        believed = list(threads.map(lambda form: accepted(ask(provider, **form)), forms))
    # The one that asks and three that wait; a client's server must not hold all threads of a process.
    assert sum(believed) >= 4
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    assert published.asked == 1


@pytest.mark.parametrize("times", [2, 50])
def test_3_many_uses_of_one_assertion_at_once_have_one_winner(provider: Provider, times: int):
    client = registered(provider, grant_types=CLIENT_CREDENTIALS)
    form = assertion(client.id, provider.clock.now())
    barrier = Barrier(times)

    def use(_number: int) -> bool:
        barrier.wait()
        response = succeed(provider, **form)
        return response.status_code == 200 or accepted(response)

    with ThreadPoolExecutor(times) as threads:
        assert sum(threads.map(use, range(times))) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, b""),
        (500, b"{}"),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b"[" * 50_000),
        (200, b'{"keys": [' + b" " * 70_000 + b"]}"),
        (200, json.dumps({"keys": [KEYS["ES256"].as_dict(private=True)]}).encode()),
    ],
)
def test_a_faulty_key_server_refuses_its_client_and_nothing_else(
    provider: Provider, published: Any, status: int, body: bytes
):
    published.status, published.body = status, body
    client = registered(provider, jwks=None, jwks_uri=published.uri)
    assert not accepted(ask(provider, **assertion(client.id, provider.clock.now())))


def test_the_last_keys_outlive_a_short_failure(provider: Provider, published: Any):
    client = registered(provider, jwks=None, jwks_uri=published.uri)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    published.status = 500
    provider.advance(minutes=6)
    assert accepted(ask(provider, **assertion(client.id, provider.clock.now())))
    provider.advance(minutes=60)
    assert not accepted(ask(provider, **assertion(client.id, provider.clock.now())))


def test_identifiers_are_remembered_until_their_assertion_is_over(provider: Provider):
    client = registered(provider, grant_types=CLIENT_CREDENTIALS)
    assert succeed(provider, **assertion(client.id, provider.clock.now())).status_code == 200
    with provider.storage.autocommit() as connection:
        store = SpentIdentifiers(connection)
        provider.advance(seconds=59)
        assert store.delete_old(provider.clock.now(), 10) == 0
        provider.advance(seconds=1)
        assert store.delete_old(provider.clock.now(), 10) == 1
