"""RFC 9101, JWT-Secured Authorization Requests: signed by the client, passed by value."""

from typing import Any

import pytest
from identity_provider import ISSUER, Client, Provider, answered
from signing_client import JWKS, STRANGER, request_object, signed, with_public_key_as_secret


def registered(provider: Provider, **changes: Any) -> Client:
    return provider.client(**{"jwks": JWKS} | changes)


def outside(client: Client, jwt: str) -> dict[str, str]:
    """Return what OpenID Connect Core §6.1 wants beside the object, and where errors go."""
    return {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": client.redirect_uri,
        "scope": "openid",
        "request": jwt,
    }


def ask(provider: Provider, client: Client, jwt: str) -> dict[str, str]:
    return answered(provider.browser(provider.resident()).authorize(outside(client, jwt)))


def claims(provider: Provider, client: Client, **changes: Any) -> dict[str, Any]:
    now = int(provider.clock.now().timestamp())
    fixed = {"iss": client.id, "aud": ISSUER, "exp": now + 300}
    return client.request() | fixed | changes


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_5_the_object_alone_is_enough(provider: Provider, alg: str):
    client = registered(provider)
    jwt = request_object(client.request(), provider.clock.now(), alg)
    browser = provider.browser(provider.resident())
    answer = answered(browser.authorize({"client_id": client.id, "request": jwt}))
    assert answer["state"] == "the-state"
    tokens = provider.redeem(client, answer["code"])
    assert provider.claims(tokens.json["id_token"])["nonce"] == "the-nonce"


@pytest.mark.parametrize("name", ["state", "nonce", "jti", "login_hint", "scope", "unknown", "\ud800"])
@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", float("nan"), float("inf"), 10**400])
def test_6_3_what_cannot_be_kept_is_no_request_object(provider: Provider, name: str, value: Any):
    client = registered(provider)
    jwt = signed(claims(provider, client, **{name: value}), kid="ec")
    assert ask(provider, client, jwt)["error"] == "invalid_request_object"


def test_6_3_an_unsound_header_is_no_request_object(provider: Provider):
    client = registered(provider)
    nested: Any = []
    for _ in range(900):
        nested = [nested]
    for header in ({"kid": "\ud800"}, {"typ": "\ud800"}, {"x": nested}):
        jwt = signed(claims(provider, client), **header)
        assert ask(provider, client, jwt)["error"] == "invalid_request_object"


def test_6_3_parameters_outside_do_not_count(provider: Provider):
    client = registered(provider)
    jwt = request_object(client.request(scope="openid email"), provider.clock.now())
    beside = outside(client, jwt) | {"state": "beside", "scope": "openid profile", "prompt": "login"}
    answer = answered(provider.browser(provider.resident()).authorize(beside))
    assert answer["state"] == "the-state"
    assert provider.redeem(client, answer["code"]).json["scope"] == "openid email"


def test_6_3_what_stands_only_outside_is_absent(provider: Provider):
    client = registered(provider)
    jwt = request_object(client.request(state=None, code_challenge=None), provider.clock.now())
    beside = outside(client, jwt) | {"state": "beside", "code_challenge": client.request()["code_challenge"]}
    answer = answered(provider.browser(provider.resident()).authorize(beside))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_4_numbers_and_lists_are_parameters_too(provider: Provider):
    client = registered(provider)
    request = claims(provider, client, max_age=10_000, resource=["urn:community-access:billing-link", ISSUER])
    assert "code" in ask(provider, client, signed(request, kid="ec"))


def test_it_survives_the_sign_in_in_between(provider: Provider):
    client = registered(provider)
    jwt = request_object(client.request(), provider.clock.now())
    browser = provider.browser()
    waiting = browser.post("/authorize", outside(client, jwt))
    assert browser.get(waiting.location).location.startswith("/sign-in")
    provider.advance(minutes=30)
    browser.sign_in(provider.resident())
    assert "code" in answered(browser.get(waiting.location))


def test_6_2_signatures_and_algorithms_are_checked(provider: Provider):
    client = registered(provider)
    content = claims(provider, client)
    for jwt in (
        signed(content, "none"),
        with_public_key_as_secret(content),
        signed(content, key=STRANGER, kid="ec"),
        signed(content, "RS256", kid="ec"),
        signed(content, kid="ec", typ="at+jwt"),
        signed(content, kid="ec", typ="dpop+jwt"),
        signed(content, kid="ec", jku="https://attacker.example/"),
        signed(content, kid="ec")[:-4] + "AAAA",
        "nonsense",
        "a.b.c",
        "x" * 9000,
        "é",
    ):
        assert ask(provider, client, jwt)["error"] == "invalid_request_object", jwt
    for typ in (None, "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"):
        assert "code" in ask(provider, client, signed(content, kid="ec", typ=typ)), typ


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"iss": None},
        {"client_id": "another"},
        {"client_id": None},
        {"sub": "city-website"},
        {"aud": None},
        {"aud": f"{ISSUER}/token"},
        {"aud": ["https://other.example"]},
        {"exp": None},
        {"exp": "soon"},
        {"jti": 5},
        {"request": "x"},
        {"request_uri": "https://city.example/request"},
        {"state": ["one"]},
        {"state": True},
        {"max_age": 1.5},
        {f"claim{n}": "x" for n in range(60)},
    ],
)
def test_4_and_10_8_each_claim_is_checked(provider: Provider, changes: dict[str, Any]):
    client = registered(provider)
    jwt = signed(claims(provider, client, **changes), kid="ec")
    assert ask(provider, client, jwt)["error"] == "invalid_request_object"


def test_no_depth_of_nesting_is_too_much_for_us(provider: Provider):
    client = registered(provider)
    browser = provider.browser(provider.resident())
    deep: list[Any] = []
    for depth in range(945):
        deep = [deep]
        # Where Python's parser, or its writer, gives up.
        if depth > 900:
            jwt = signed(claims(provider, client, claims={"a": deep}), kid="ec")
            answer = answered(browser.authorize(outside(client, jwt)))
            assert answer.get("error", "invalid_request_object") == "invalid_request_object"


def test_times_are_checked(provider: Provider):
    client, now = registered(provider), int(provider.clock.now().timestamp())
    for changes, is_good in (
        ({"exp": now}, False),
        ({"exp": now + 1}, True),
        ({"exp": now + 3610}, True),
        ({"exp": now + 3611}, False),
        ({"nbf": now + 10}, True),
        ({"nbf": now + 11}, False),
        ({"nbf": now - 3600}, True),
        ({"nbf": now - 3601}, False),
        ({"iat": now + 11}, False),
    ):
        answer = ask(provider, client, signed(claims(provider, client, **changes), kid="ec"))
        assert ("code" in answer) is is_good, changes


def test_a_jti_works_once(provider: Provider):
    client = registered(provider)
    jwt = request_object(client.request(), provider.clock.now())
    assert "code" in ask(provider, client, jwt)
    assert ask(provider, client, jwt)["error"] == "invalid_request_object"
    without = signed(claims(provider, client), kid="ec")
    assert "code" in ask(provider, client, without)
    assert "code" in ask(provider, client, without)


def test_a_jti_is_spent_by_the_answer_not_by_opening_it(provider: Provider):
    client, browser = registered(provider), provider.browser()
    parameters = outside(client, request_object(client.request(), provider.clock.now()))
    first = browser.authorize(parameters)
    assert first.location.startswith("/sign-in?")
    assert browser.authorize(parameters).location == first.location
    browser.sign_in(provider.resident())
    assert "code" in answered(browser.authorize(parameters))
    assert answered(browser.authorize(parameters))["error"] == "invalid_request_object"


def test_5_an_object_and_a_reference_at_once_are_refused(provider: Provider):
    client = registered(provider)
    both = outside(client, request_object(client.request(), provider.clock.now())) | {
        "request_uri": "urn:ietf:params:oauth:request_uri:x"
    }
    assert answered(provider.browser().authorize(both))["error"] == "invalid_request"


def test_5_2_a_reference_to_the_web_is_not_supported(provider: Provider):
    client = registered(provider)
    parameters = client.request(request_uri="https://city.example/request.jwt")
    assert answered(provider.browser().authorize(parameters))["error"] == "request_uri_not_supported"


def test_an_unsound_object_without_a_sound_address_stays_on_our_page(provider: Provider):
    client = registered(provider)
    for beside in ({}, {"redirect_uri": "https://attacker.example/"}):
        response = provider.browser().authorize({"client_id": client.id, "request": "nonsense"} | beside)
        assert response.status_code == 400
        assert "request object" in response.get_data(as_text=True)


def test_a_signed_redirect_uri_has_to_be_registered_too(provider: Provider):
    client = registered(provider)
    jwt = request_object(client.request(redirect_uri="https://attacker.example/"), provider.clock.now())
    assert provider.browser().authorize(outside(client, jwt)).status_code == 400


def test_a_client_without_keys_signs_nothing(provider: Provider):
    client = provider.client()
    jwt = request_object(client.request(), provider.clock.now())
    assert ask(provider, client, jwt)["error"] == "request_not_supported"


def test_10_5_a_client_may_be_held_to_signing(provider: Provider):
    client = registered(provider, require_signed_request_object=True)
    browser = provider.browser(provider.resident())
    assert answered(browser.authorize(client.request()))["error"] == "invalid_request"
    unsigned = provider.app.test_client().post(
        "/par", data=client.request(), headers=client.basic(), base_url=ISSUER
    )
    assert (unsigned.status_code, unsigned.json["error"]) == (400, "invalid_request")
    assert "code" in ask(provider, client, request_object(client.request(), provider.clock.now()))


def test_rfc9126_3_an_object_may_be_pushed(provider: Provider):
    client = registered(provider, require_signed_request_object=True)
    jwt = request_object(client.request(), provider.clock.now())
    form = {"request": jwt, "state": "beside"}
    response = provider.app.test_client().post("/par", data=form, headers=client.basic(), base_url=ISSUER)
    assert response.status_code == 201
    reference = {"client_id": client.id, "request_uri": response.json["request_uri"]}
    assert answered(provider.browser(provider.resident()).authorize(reference))["state"] == "the-state"


def test_10_5_discovery_is_true(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert document["require_signed_request_object"] is False
    algorithms = {"ES256", "PS256", "RS256", "EdDSA"}
    assert set(document["request_object_signing_alg_values_supported"]) == algorithms
