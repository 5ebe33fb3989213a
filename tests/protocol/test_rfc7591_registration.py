"""RFC 7591: a client registers itself with an invitation, by the rules of every client and no others."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from identity.oidc.client_registration.metadata import FIELDS, RESPONSE_TYPES
from identity.relying_parties.admin import NewInvitation, Registry
from identity.relying_parties.clients import RegisteredClient
from identity.relying_parties.models import ClientSecret
from identity.relying_parties.store import Clients
from identity.secret_keys import digest
from identity_provider import ISSUER, RESOURCE, Client, Provider, answered
from page import Page
from published_by_client import Answering
from self_registration import (
    METADATA,
    SelfRegistered,
    allowed,
    bearer,
    invited,
    register,
    self_registered,
)
from signing_client import ASSERTION_TYPE, JWKS, assertion_claims, signed
from werkzeug.test import TestResponse

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CALLED = "https://calendar.example/"
PRIVATE_KEY = {**JWKS["keys"][0], "d": "x" * 43}


def registered_clients(provider: Provider) -> dict[str, RegisteredClient]:
    with provider.storage.autocommit() as connection:
        return {entry.client.id: entry.client for entry in Clients(connection).list_clients()}


def refusal(
    provider: Provider, invitation: dict[str, Any] | None = None, **changes: Any
) -> tuple[int, str, str]:
    """Return how metadata is refused. Nothing is registered then, and the invitation is as good as before."""
    made = invited(provider, **(invitation or {}))
    before = registered_clients(provider)
    response = register(provider, made.token, METADATA | changes)
    assert registered_clients(provider) == before
    assert response.headers["Cache-Control"] == "no-store"
    if invitation is None:
        assert register(provider, made.token).status_code == 201
    return response.status_code, response.json["error"], response.json["error_description"]


def test_2_a_registered_client_signs_residents_in(provider: Provider):
    """The whole way: an invitation, a registration, and the code flow with nothing but what was answered."""
    registered = self_registered(provider, grant_types=["authorization_code", "refresh_token"])
    client = registered.relying_party()
    browser = provider.browser(provider.resident())
    # A stranger to the city: its residents are asked first.
    code = answered(allowed(browser, client))["code"]
    tokens = provider.redeem(client, code).json
    assert provider.claims(tokens["id_token"])["aud"] == registered.id
    assert provider.userinfo(tokens["access_token"]).json["given_name"] == "Jane"
    assert provider.refresh(client, tokens["refresh_token"]).status_code == 200


def test_2_what_is_left_out_has_the_defaults_of_the_specification(provider: Provider):
    made = invited(provider)
    content = register(provider, made.token, {"redirect_uris": ["https://calendar.example/callback"]}).json
    assert {
        name: content[name] for name in ("grant_types", "response_types", "token_endpoint_auth_method")
    } == {
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    assert content["id_token_signed_response_alg"] == "RS256"
    assert content["dpop_bound_access_tokens"] is False
    assert not [name for name, value in content.items() if value in (None, "", [])]
    # Ours: residents read a name, and those who come too late have to be led somewhere.
    assert (content["client_name"], content["initiate_login_uri"]) == ("calendar.example", CALLED)
    assert content["scope"] == "email openid profile"


def accepts(provider: Provider, client: Client, *, in_form: bool) -> bool:
    """Tell whether the client authenticates with its secret in the form, or in the header."""
    secret = {"client_id": client.id, "client_secret": client.secret} if in_form else {}
    response = provider.app.test_client().post(
        "/introspect",
        data={"token": "x"} | secret,
        headers={} if in_form else client.basic(),
        base_url=ISSUER,
    )
    return response.status_code == 200


def test_2_a_client_that_names_no_method_sends_its_secret_either_way(provider: Provider):
    registered = self_registered(provider)
    assert accepts(provider, registered.relying_party(), in_form=True)
    assert accepts(provider, registered.relying_party(), in_form=False)
    # RFC 7592 §2.2: all of its metadata, as it was told.
    registered.put(token_endpoint_auth_method=registered.information["token_endpoint_auth_method"])
    assert accepts(provider, registered.relying_party(), in_form=True)


def test_2_a_client_that_names_a_method_uses_that(provider: Provider):
    for method, in_form in (("client_secret_basic", False), ("client_secret_post", True)):
        registered = self_registered(provider, token_endpoint_auth_method=method)
        assert registered.information["token_endpoint_auth_method"] == method
        assert accepts(provider, registered.relying_party(), in_form=in_form)
        assert not accepts(provider, registered.relying_party(), in_form=not in_form)
    sent = METADATA | {"token_endpoint_auth_method": "client_secret"}
    assert register(provider, invited(provider).token, sent).json["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"client_name": "Calendar", "client_name#es": "Calendario"}, "Calendar"),
        ({"client_name#es": "Calendario", "client_name#en": "Calendar"}, "Calendario"),
        ({"client_name": None, "client_name#es": "Calendario"}, "Calendario"),
    ],
)
def test_2_2_a_client_has_one_name_in_every_language(provider: Provider, metadata: Any, name: str):
    sent = {"redirect_uris": METADATA["redirect_uris"]} | metadata
    # As written here: Flask would sort it.
    body = {"json": None, "data": json.dumps(sent), "content_type": "application/json"}
    content = register(provider, invited(provider).token, **body).json
    assert content["client_name"] == name
    assert not [key for key in content if "#" in key]


def test_2_unknown_metadata_is_ignored(provider: Provider):
    registered = self_registered(
        provider,
        contacts=["calendar@example.com"],
        request_uris=["https://attacker.example/request"],
        software_id="4NRB1-0XZABZI9E6-5SM3R",
        first_party=True,
        pkce_required=False,
        city_id="another",
        resources=[RESOURCE],
        secrets=["x"],
        profile="fapi2",
        id="chosen",
        client_id="chosen",
        client_secret="a-secret-of-my-own-choice-of-32-characters",
    )
    assert registered.id != "chosen"
    assert "choice" not in registered.information["client_secret"]
    unknown = {"contacts", "request_uris", "software_id", "first_party", "pkce_required", "resources"}
    assert not unknown & registered.information.keys()
    client = registered_clients(provider)[registered.id]
    assert (client.first_party, client.pkce_required, client.city_id) == (False, True, "pinellas-park")
    assert client.resources == frozenset()


def test_2_3_a_software_statement_is_ignored(provider: Provider):
    """§3.1.1: "MUST ignore", since no issuer of statements is trusted here."""
    statement = signed({"client_name": "The City", "software_id": "x"})
    registered = self_registered(provider, software_statement=statement)
    assert registered.information["client_name"] == METADATA["client_name"]
    assert "software_statement" not in registered.information


def test_2_everything_that_can_be_said_is_registered_and_told(provider: Provider):
    sent = {
        "client_name": "Calendário 日本",
        "redirect_uris": ["https://calendar.example/a", "https://calendar.example/b?x=y"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "offline_access openid",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": JWKS,
        "tls_client_certificate_bound_access_tokens": True,
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
        "require_signed_request_object": True,
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "ES256",
        "subject_type": "pairwise",
        "policy_uri": "https://calendar.example/privacy",
        "tos_uri": "https://calendar.example/terms",
        "initiate_login_uri": "https://calendar.example/sign-in",
        "post_logout_redirect_uris": ["https://calendar.example/", "https://calendar.example/bye"],
        "backchannel_logout_uri": "https://calendar.example/logout",
        "backchannel_logout_session_required": True,
    }
    made = invited(provider, scopes=["openid", "offline_access"])
    content = register(provider, made.token, sent).json
    assert {name: content[name] for name in sent} == sent
    assert "client_secret" not in content
    assert "client_secret_expires_at" not in content


def test_2_policy_and_terms_are_shown_where_residents_are_asked(provider: Provider):
    registered = self_registered(
        provider,
        policy_uri="https://calendar.example/privacy?a=1&b=2",
        **{"tos_uri#es": "https://calendar.example/condiciones"},
    )
    client, browser = registered.relying_party(), provider.browser(provider.resident())
    page = Page.ok(browser.get(browser.authorize(client.request()).location))
    assert page.link("Privacy policy of Neighborhood Calendar") == "https://calendar.example/privacy?a=1&b=2"
    assert page.link("Terms of service of Neighborhood Calendar") == "https://calendar.example/condiciones"
    for link in page.all("//main//a[contains(@href, 'calendar.example')]"):
        assert (link.get("rel"), link.get("target")) == ("noopener", None)
    assert "Privacy policy" not in Page.ok(asked_of(provider)).source


PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def logo_server() -> Iterator[Any]:
    """Return a client's own server with its logo, on loopback as the client."""
    with Answering(PNG) as server:
        yield server


def with_logo(provider: Provider, server: Any) -> tuple[NewInvitation, dict[str, Any]]:
    metadata = {
        "client_name": "Neighborhood Calendar",
        "redirect_uris": ["http://127.0.0.1:9/callback"],
        "logo_uri": server.uri,
    }
    return invited(provider, redirect_hosts=["127.0.0.1"]), metadata


def test_2_a_logo_is_fetched_once_and_served_from_here(provider: Provider, logo_server: Any):
    made, metadata = with_logo(provider, logo_server)
    registered = SelfRegistered(provider, dict(register(provider, made.token, metadata).json))
    assert registered.information["logo_uri"] == logo_server.uri
    client, browser = registered.relying_party(), provider.browser(provider.resident())
    page = Page.ok(browser.get(browser.authorize(client.request()).location))
    image = page.only("//main//img")
    assert image.get("src") == f"/clients/{client.id}/logo"
    served = browser.get(image.get("src"))
    assert (served.mimetype, served.data) == ("image/png", PNG)
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in served.headers["Content-Security-Policy"]
    assert logo_server.asked == 1
    # A replaced registration without one has none, and neither has a client that has gone.
    sent = {"client_id": client.id, **metadata, "logo_uri": None}
    assert registered.ask("PUT", json=sent).status_code == 200
    assert browser.get(image.get("src")).status_code == 404


@pytest.mark.parametrize("client_id", ["unknown", "%00", "x" * 65])
def test_2_a_client_without_a_logo_has_none(provider: Provider, client_id: str):
    assert provider.browser().get(f"/clients/{client_id}/logo").status_code == 404


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (302, PNG),
        (404, PNG),
        (200, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        (200, b"<html>"),
        (200, b""),
        (200, PNG + b"x" * 70_000),
    ],
    ids=["redirect", "missing", "svg", "html", "empty", "large"],
)
def test_2_what_is_no_logo_is_refused_and_spends_nothing(
    provider: Provider, logo_server: Any, status: int, body: bytes
):
    made, metadata = with_logo(provider, logo_server)
    logo_server.status, logo_server.body = status, body
    refused = register(provider, made.token, metadata)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_client_metadata")
    assert refused.json["error_description"].startswith("logo_uri")
    logo_server.status, logo_server.body = 200, PNG
    assert register(provider, made.token, metadata).status_code == 201


def asked_of(provider: Provider) -> TestResponse:
    """Return the consent page of a client that told nothing of itself."""
    client = self_registered(provider).relying_party()
    browser = provider.browser(provider.resident())
    return browser.get(browser.authorize(client.request()).location)


@pytest.mark.parametrize("name", ["logo_uri", "policy_uri", "tos_uri", "sector_identifier_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "https://attacker.example/",
        "http://calendar.example/",
        "javascript:alert(1)",
        "https://calendar.example@attacker.example/",
        "https://calendar.example/%0a#x",
        "//calendar.example/",
    ],
)
def test_2_the_addresses_that_residents_are_shown_are_at_the_invited_host(
    provider: Provider, name: str, address: str
):
    changes = {"subject_type": "pairwise"} if name == "sector_identifier_uri" else {}
    status, error, description = refusal(provider, **{name: address}, **changes)
    assert (status, error) == (400, "invalid_client_metadata")
    assert description.startswith(name)


def test_2_an_invitation_may_allow_clients_without_pkce(provider: Provider):
    registered = self_registered(provider, {"pkce_required": False})
    client = registered.relying_party()
    assert registered_clients(provider)[registered.id].pkce_required is False
    without = {"code_challenge": None, "code_challenge_method": None}
    asked = provider.browser(provider.resident()).authorize(client.request(**without))
    assert asked.location.startswith("/authorize/resume/")
    # It stays so at an update; a client that becomes public needs it.
    assert registered.put().status_code == 200
    assert registered_clients(provider)[registered.id].pkce_required is False
    assert registered.put(token_endpoint_auth_method="none").status_code == 200
    assert registered_clients(provider)[registered.id].pkce_required is True


def test_2_a_public_client_needs_pkce_by_every_invitation(provider: Provider):
    public = self_registered(provider, {"pkce_required": False}, token_endpoint_auth_method="none")
    assert registered_clients(provider)[public.id].pkce_required is True


def test_2_the_description_knows_every_field(provider: Provider):
    """What /openapi.json says of metadata is what is understood."""
    paths = provider.app.test_client().get("/openapi.json", base_url=ISSUER).json["paths"]
    body = paths["/register"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {*FIELDS, RESPONSE_TYPES}


def test_3_discovery_names_the_endpoint(provider: Provider):
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["registration_endpoint"] == f"{ISSUER}/register"


def test_3_without_a_token_there_is_no_registration(provider: Provider):
    response = register(provider, None)
    assert (response.status_code, response.json) == (401, {"error": "missing_token"})
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="Community Access ID"'


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": f"Bearer {'x' * 60_000}"},
        {"Authorization": "bearer  unknown "},
    ],
    ids=["unknown", "non-ascii", "long", "spaces"],
)
def test_3_an_unknown_token_is_invalid(provider: Provider, headers: dict[str, str]):
    response = provider.app.test_client().post("/register", json=METADATA, headers=headers, base_url=ISSUER)
    assert (response.status_code, response.json["error"]) == (401, "invalid_token")
    assert 'Bearer realm="Community Access ID", error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_3_the_token_counts_in_the_header_alone(provider: Provider):
    token = invited(provider).token
    http = provider.app.test_client()
    assert http.post(f"/register?access_token={token}", json=METADATA, base_url=ISSUER).status_code == 401
    form = {"access_token": token}
    assert http.post("/register", data=form, base_url=ISSUER).status_code == 401
    basic = {"Authorization": f"Basic {token}"}
    assert http.post("/register", json=METADATA, headers=basic, base_url=ISSUER).status_code == 401
    assert register(provider, token).status_code == 201


def test_3_an_invitation_is_good_for_as_many_as_it_says(provider: Provider):
    made = invited(provider, registrations=2)
    assert [register(provider, made.token).status_code for _ in range(3)] == [201, 201, 401]
    ids = set(registered_clients(provider))
    assert len(ids) == 2
    assert all(one.startswith("dynamic-") for one in ids)


def test_3_an_invitation_ends(provider: Provider):
    made = invited(provider, lifetime=1)
    provider.clock.advance(timedelta(days=1, seconds=-1))
    assert register(provider, made.token, {}).status_code == 400
    provider.advance(seconds=1)
    assert register(provider, made.token).status_code == 401


def test_3_an_invitation_can_be_revoked(provider: Provider):
    made = invited(provider, registrations=2)
    registered = register(provider, made.token).json
    assert Registry(provider.storage, provider.clock).revoke_invitation(made.invitation.id)
    assert register(provider, made.token).status_code == 401
    address = registered["registration_client_uri"].removeprefix(ISSUER)
    headers = bearer(registered["registration_access_token"])
    assert provider.app.test_client().get(address, headers=headers, base_url=ISSUER).status_code == 200


def test_3_2_1_the_answer(provider: Provider):
    response = register(provider, invited(provider).token)
    content = response.json
    assert (response.status_code, response.mimetype) == (201, "application/json")
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    assert content["client_id_issued_at"] == int(provider.clock.now().timestamp())
    assert content["client_secret_expires_at"] == 0
    # RFC 7592 §3.
    assert content["registration_client_uri"] == f"{ISSUER}/register/{content['client_id']}"
    secrets = {content["client_secret"], content["registration_access_token"]}
    assert len({len(secret) for secret in secrets} | {43}) == 1
    assert METADATA.items() <= content.items()


def test_3_2_1_secret_and_tokens_are_stored_as_digests(provider: Provider):
    made = invited(provider, registrations=2)
    content = register(provider, made.token).json
    with provider.storage.transaction() as tx:
        [stored] = tx.query(ClientSecret)
    assert stored.digest == digest(content["client_secret"])
    with provider.storage.autocommit() as connection:
        rows = [
            str(row)
            for table in ("registration_invitations", "self_registrations", "audit_events")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - the names above
        ]
    for secret in (made.token, content["client_secret"], content["registration_access_token"]):
        assert secret not in "".join(rows)
        assert secret == content["client_secret"] or digest(secret) in "".join(rows)


def test_3_2_1_what_happened_is_recorded(provider: Provider):
    self_registered(provider)
    assert provider.events() == ["client_registered_itself"]


@pytest.mark.parametrize(
    "uris",
    [
        ["https://attacker.example/callback"],
        ["https://calendar.example/callback", "https://attacker.example/callback"],
        ["https://www.calendar.example/callback"],
        ["https://calendar.example.attacker.example/callback"],
        ["https://calendar.example:8443/callback"],
        ["https://calendar.example@attacker.example/callback"],
        ["http://calendar.example/callback"],
        ["http://127.0.0.1/callback"],
        ["https://calendar.example/callback#fragment"],
        ["https://*.calendar.example/callback"],
        ["javascript:alert(1)"],
        ["calendar:/callback"],
        ["/callback"],
        ["https://calendar.example/\u202e"],
        [f"https://calendar.example/{'x' * 600}"],
        [],
        None,
    ],
)
def test_3_2_2_invalid_redirect_uri(provider: Provider, uris: Any):
    status, error, description = refusal(provider, redirect_uris=uris)
    assert (status, error) == (400, "invalid_redirect_uri")
    assert description.startswith("redirect_uris")
    assert description.isascii()


def test_3_a_redirect_host_is_exact_to_the_port(provider: Provider):
    made = invited(provider, redirect_hosts=["Calendar.example:8443".lower(), "[::1]", "127.0.0.1"])
    uris = ["https://calendar.example:8443/cb", "http://[::1]:5000/cb", "http://127.0.0.1/cb"]
    sent = METADATA | {"redirect_uris": uris, "post_logout_redirect_uris": []}
    assert register(provider, made.token, sent).status_code == 201
    assert refusal(provider, {"redirect_hosts": ["calendar.example:8443"]})[1] == "invalid_redirect_uri"
    registered_at_the_usual_port = {"redirect_hosts": ["calendar.example:443"], "registrations": 1}
    assert register(provider, invited(provider, **registered_at_the_usual_port).token).status_code == 201


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_name": 5}, "client_name: must be text"),
        ({"client_name": "x" * 101}, "client_name: "),
        ({"client_name": "city of PINELLAS\u2013PARK"}, "client_name: is, or looks like, that of a city"),
        ({"client_name": "\u0421ity of Pinellas Park"}, "client_name: mixes letters"),
        ({"post_logout_redirect_uris": [f"{CALLED}{n}" for n in range(2000)]}, "holds more than 50"),
        ({"redirect_uris": [f"{CALLED}{n}" for n in range(2000)]}, "holds more than 50"),
        ({"redirect_uris": [f"http://attacker{n}.example/" for n in range(2000)]}, "redirect_uris"),
        ({"scope": " ".join(f"s{n}" for n in range(2000))}, "holds more than 50"),
        ({"scope": "s" * 300}, "scope"),
        ({"client_name": "a\x00b"}, "half of a surrogate pair, or NUL"),
        ({"client_name": "\ud800"}, "half of a surrogate pair, or NUL"),
        ({"redirect_uris": "https://calendar.example/callback"}, "redirect_uris: must be a list of texts"),
        (
            {"redirect_uris": [["https://calendar.example/callback"]]},
            "redirect_uris: must be a list of texts",
        ),
        ({"post_logout_redirect_uris": {}}, "post_logout_redirect_uris: must be a list of texts"),
        ({"post_logout_redirect_uris": ["https://attacker.example/"]}, "does not allow https://attacker"),
        ({"initiate_login_uri": "https://attacker.example/"}, "initiate_login_uri: the invitation"),
        ({"jwks_uri": "https://attacker.example/jwks"}, "jwks_uri: the invitation does not allow"),
        ({"backchannel_logout_uri": "https://attacker.example/"}, "backchannel_logout_uri: the invitation"),
        ({"backchannel_logout_session_required": True}, "goes with a backchannel_logout_uri"),
        ({"backchannel_logout_session_required": "yes"}, "must be true or false"),
        ({"scope": "openid billing.read"}, "scope: the invitation does not allow billing.read"),
        ({"scope": "profile"}, "scope must contain openid"),
        ({"scope": ["openid"]}, "scope: must be text"),
        ({"grant_types": ["client_credentials"]}, "grant_types: the invitation does not allow"),
        ({"grant_types": ["authorization_code", DEVICE_CODE]}, "grant_types: the invitation does not allow"),
        ({"grant_types": ["authorization_code", TOKEN_EXCHANGE]}, "go together"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"response_types": ["token"]}, "response_types: there is code alone"),
        ({"response_types": ["code", "id_token"]}, "response_types: there is code alone"),
        ({"response_types": []}, "response_types: there is code alone"),
        ({"response_types": "code"}, "response_types: there is code alone"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "private_key_jwt needs jwks or jwks_uri"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "tls_client_auth_subject_dn"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
        ({"jwks": {}}, "jwks: is not a JWK Set"),
        ({"jwks": "x"}, "jwks: must be an object"),
        ({"jwks": {"keys": [PRIVATE_KEY]}}, "has private parts"),
        ({"jwks": JWKS, "jwks_uri": f"{CALLED}jwks"}, "give jwks or jwks_uri, not both"),
        ({"jwks": {"keys": [{**JWKS["keys"][0], "x-extra": float("inf")}]}}, "a number that is too large"),
    ],
    # Not with a key, which is another one in every process.
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_3_2_2_invalid_client_metadata(provider: Provider, changes: dict[str, Any], words: str):
    status, error, description = refusal(provider, **changes)
    assert (status, error) == (
        400,
        "invalid_redirect_uri" if "redirect_uris" in changes else "invalid_client_metadata",
    )
    assert words in description
    assert description.isascii()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"\xff", "application/json"),
        (b"1" * 5000, "application/json"),
        (b"[" * 30_000, "application/json"),
        (b'{"jwks":' + b'{"a":' * 5000, "application/json"),
        (json.dumps(METADATA).encode(), "text/plain"),
        (json.dumps(METADATA).encode(), ""),
        (b"client_name=x", "application/x-www-form-urlencoded"),
    ],
    ids=lambda value: str(value[:12]),
)
def test_3_1_metadata_is_a_json_object(provider: Provider, body: bytes, content_type: str):
    token = invited(provider).token
    response = register(provider, token, json=None, data=body, content_type=content_type)
    assert (response.status_code, response.json["error"]) == (400, "invalid_client_metadata")
    assert register(provider, token).status_code == 201


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 60_000,
        "a\r\nX: 1\x00",
        "<script>alert(1)</script>",
        0,
        1.5,
        -1,
        True,
        [None],
        {"a": []},
        [[]],
    ],
    ids=lambda value: repr(value)[:10],
)
def test_whatever_a_field_holds_the_error_is_the_specifications(provider: Provider, value: object):
    token = invited(provider, registrations=1000).token
    for name in (*FIELDS, RESPONSE_TYPES):
        response = register(provider, token, METADATA | {name: value})
        if response.status_code != 201:
            assert response.status_code == 400, name
            assert response.json["error"].startswith("invalid_"), name
            assert "<script>" not in response.get_data(as_text=True), name


def test_more_than_64_kib_is_refused(provider: Provider):
    response = register(provider, invited(provider).token, METADATA | {"x": "x" * 65_536})
    assert (response.status_code, response.mimetype) == (413, "application/json")


def test_a_networks_registrations_are_limited(provider: Provider):
    for _ in range(60):
        assert register(provider, None).status_code == 401
    response = register(provider, invited(provider).token)
    assert (response.status_code, response.json["error"]) == (429, "slow_down")
    assert response.headers["Retry-After"] == "60"
    provider.advance(seconds=60)
    assert register(provider, invited(provider).token).status_code == 201


def test_a_public_client_has_no_secret_and_needs_pkce(provider: Provider):
    made = invited(provider, redirect_hosts=["127.0.0.1"])
    sent = {"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none"}
    content = register(provider, made.token, sent).json
    assert "client_secret" not in content
    client = registered_clients(provider)[content["client_id"]]
    assert (client.is_public, client.pkce_required, client.secrets) == (True, True, ())


def test_a_client_that_signs_authenticates_with_the_keys_that_it_registered(provider: Provider):
    registered = self_registered(
        provider,
        {"grant_types": ["client_credentials"], "scopes": ["billing.read"]},
        token_endpoint_auth_method="private_key_jwt",
        jwks=JWKS,
        grant_types=["client_credentials"],
        redirect_uris=None,
        response_types=[],
    )
    assert "client_secret" not in registered.information
    assert registered.information["response_types"] == []
    provider.advance(seconds=6)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed(assertion_claims(registered.id, provider.clock.now()), kid="ec"),
    }
    response = provider.app.test_client().post("/token", data=form, base_url=ISSUER)
    assert (response.status_code, response.json.get("scope")) == (200, "billing.read")


def test_a_scope_of_a_resource_brings_the_resource(provider: Provider):
    """RFC 7591 has no word for resources: those that a client's tokens may be for follow from its scope."""
    registered = self_registered(provider, {"scopes": ["openid", "billing.read"]})
    client = registered_clients(provider)[registered.id]
    assert (client.scopes, client.resources) == ({"openid", "billing.read"}, {RESOURCE})


def test_identity_is_never_told_to_call_its_own_machine(provider: Provider):
    sent = {
        "redirect_uris": ["http://127.0.0.1/cb"],
        "post_logout_redirect_uris": [],
        "backchannel_logout_uri": "http://127.0.0.1:25/logout",
    }
    status, error, description = refusal(provider, {"redirect_hosts": ["127.0.0.1"]}, **sent)
    assert (status, error) == (400, "invalid_client_metadata")
    assert description.startswith("backchannel_logout_uri")


def test_a_secret_of_a_registered_client_works_at_once(provider: Provider):
    registered = self_registered(
        provider,
        {"grant_types": ["client_credentials"], "scopes": ["billing.read"]},
        grant_types=["client_credentials"],
        redirect_uris=[],
    )
    client = Client(registered.id, registered.information["client_secret"])
    assert provider.token(client, grant_type="client_credentials").status_code == 200
