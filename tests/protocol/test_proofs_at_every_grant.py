"""Proofs of possession and client authentication, at every grant and every endpoint that has either.

RFC 9449 §5, RFC 8705 §3 and RFC 7523 §3 do not name the grants of RFC 6749 §4.4, RFC 8628 and RFC 8693: they
hold for all of them.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from identity.app import create_app
from identity.config import Settings
from identity_provider import ISSUER, RESOURCE, RESOURCE_SECRET, SECRET_KEY, VERIFIER, Client, Provider
from joserfc.jwk import ECKey
from page import csrf_token
from signing_client import JWKS, Prover, assertion, prover
from werkzeug.test import TestResponse

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE, EXCHANGE]
CLIENT_CREDENTIALS = {"grant_type": "client_credentials", "resource": RESOURCE}


def website(provider: Provider, **changes: Any) -> Client:
    return provider.client(grant_types=GRANTS, token_exchange_resources=[RESOURCE], **changes)


def kiosk(provider: Provider, **changes: Any) -> Client:
    return provider.client(
        grant_types=[DEVICE, "refresh_token"], token_endpoint_auth_method="none", **changes
    )


def send(
    provider: Provider, path: str, client: Client, headers: dict[str, str] | None = None, **form: Any
) -> TestResponse:
    own = client.basic() if client.secret else {}
    named = {} if client.secret else {"client_id": client.id}
    asked = provider.app.test_client()
    return asked.post(path, data=named | form, headers=own | (headers or {}), base_url=ISSUER)


def sign_in(
    provider: Provider, client: Client, headers: dict[str, str] | None = None, **form: Any
) -> dict[str, Any]:
    browser = provider.browser(provider.resident())
    # Two resources to choose from, so that the token is for userinfo.
    code = provider.code(browser, client, scope="openid billing.read", resource=[ISSUER, RESOURCE])
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
        "resource": ISSUER,
    } | form
    response = send(provider, "/token", client, headers, **form)
    assert response.status_code == 200, response.json
    return dict(response.json)


def exchange(
    provider: Provider, client: Client, token: str, headers: dict[str, str] | None = None, **form: Any
) -> TestResponse:
    form = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": RESOURCE,
    } | form
    return send(provider, "/token", client, headers, **form)


def told(provider: Provider, token: str) -> dict[str, Any]:
    """Return what introspection tells the resource."""
    credentials = base64.b64encode(f"{quote_plus(RESOURCE)}:{RESOURCE_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    asked = provider.app.test_client()
    return dict(asked.post("/introspect", data={"token": token}, headers=headers, base_url=ISSUER).json)


def allow(provider: Provider, device: dict[str, Any]) -> None:
    browser = provider.browser(provider.resident())
    question = submit(browser, "/device", user_code=device["user_code"]).location
    assert submit(browser, question, answer="yes").status_code == 200


def submit(browser: Any, url: str, **form: str) -> TestResponse:
    return browser.post(url, {"csrf_token": csrf_token(browser.get(url))} | form)


def assert_bound(provider: Provider, answer: dict[str, Any], kind: str, confirmation: dict[str, str]) -> None:
    assert answer["token_type"] == kind
    assert provider.claims(answer["access_token"])["cnf"] == confirmation
    introspected = told(provider, answer["access_token"])
    assert introspected["active"] is True
    assert (introspected["token_type"], introspected["cnf"]) == (kind, confirmation)


def test_rfc9449_5_a_clients_own_token_is_bound(provider: Provider):
    client, key = website(provider), prover(provider.clock)
    response = send(provider, "/token", client, key.proof("/token"), **CLIENT_CREDENTIALS)
    assert response.status_code == 200
    assert "DPoP-Nonce" in response.headers
    assert_bound(provider, response.json, "DPoP", {"jkt": key.jkt})


def test_rfc9449_5_2_a_client_that_is_held_to_proofs_has_no_grant_without(provider: Provider):
    client = website(provider, dpop_bound_access_tokens=True)
    missing = send(provider, "/token", client, **CLIENT_CREDENTIALS)
    assert (missing.status_code, missing.json["error"]) == (400, "invalid_dpop_proof")
    key = prover(provider.clock)
    asked = send(provider, "/token", client, key.proof("/token"), **CLIENT_CREDENTIALS)
    assert (asked.status_code, asked.json["error"]) == (400, "use_dpop_nonce")
    key.nonce = asked.headers["DPoP-Nonce"]
    token = sign_in(provider, client, key.proof("/token"))["access_token"]
    unproven = exchange(provider, client, token)
    assert (unproven.status_code, unproven.json["error"]) == (400, "invalid_dpop_proof")
    given = exchange(provider, client, token, key.proof("/token"))
    assert given.status_code == 200
    assert_bound(provider, given.json, "DPoP", {"jkt": key.jkt})


def test_rfc9449_7_an_exchange_is_no_way_around_a_binding(provider: Provider):
    client, key = website(provider), prover(provider.clock)
    token = sign_in(provider, client, key.proof("/token"))["access_token"]
    for headers in ({}, prover(provider.clock).proof("/token")):
        refused = exchange(provider, client, token, headers)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    given = exchange(provider, client, token, key.proof("/token"))
    assert_bound(provider, given.json, "DPoP", {"jkt": key.jkt})


def test_rfc9449_5_an_exchange_may_bind_what_was_not_bound(provider: Provider):
    client, key = website(provider), prover(provider.clock)
    given = exchange(provider, client, sign_in(provider, client)["access_token"], key.proof("/token"))
    assert_bound(provider, given.json, "DPoP", {"jkt": key.jkt})


def poll(provider: Provider, client: Client, device: dict[str, Any], key: Prover) -> TestResponse:
    form = {"grant_type": DEVICE, "device_code": device["device_code"]}
    return send(provider, "/token", client, key.proof("/token"), **form)


def test_rfc9449_5_a_devices_tokens_are_bound_and_so_is_its_refresh_token(provider: Provider):
    client, key = kiosk(provider), prover(provider.clock)
    form = {"scope": "openid billing.read", "resource": RESOURCE}
    device = send(provider, "/device_authorization", client, **form).json
    assert poll(provider, client, device, key).json["error"] == "authorization_pending"
    allow(provider, device)
    given = poll(provider, client, device, key)
    assert given.status_code == 200, given.json
    assert_bound(provider, given.json, "DPoP", {"jkt": key.jkt})
    again = {"grant_type": "refresh_token", "refresh_token": given.json["refresh_token"]}
    unproven = send(provider, "/token", client, **again)
    assert (unproven.status_code, unproven.json["error"]) == (400, "invalid_dpop_proof")
    stolen = send(provider, "/token", client, prover(provider.clock).proof("/token"), **again)
    assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
    assert send(provider, "/token", client, key.proof("/token"), **again).status_code == 200


def test_rfc9449_5_2_a_device_that_was_asked_for_a_nonce_loses_nothing(provider: Provider):
    client, key = kiosk(provider, dpop_bound_access_tokens=True), prover(provider.clock)
    device = send(provider, "/device_authorization", client, scope="openid").json
    allow(provider, device)
    asked = poll(provider, client, device, key)
    assert asked.json["error"] == "use_dpop_nonce"
    key.nonce = asked.headers["DPoP-Nonce"]
    assert poll(provider, client, device, key).status_code == 200


@pytest.mark.parametrize("path", ["/introspect", "/revoke", "/device_authorization"])
def test_rfc7523_3_assertions_work_at_every_endpoint_and_may_name_it(provider: Provider, path: str):
    fields = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
    client, now = website(provider, **fields), provider.clock.now()

    def ask(**proof: str) -> TestResponse:
        form = {"token": "x", "scope": "openid"} | proof
        return provider.app.test_client().post(path, data=form, base_url=ISSUER)

    for audience in (ISSUER, f"{ISSUER}/token", f"{ISSUER}{path}"):
        proof = assertion(client.id, now, aud=audience)
        assert ask(**proof).status_code == 200, audience
        # It works once, whichever the endpoint.
        assert ask(**proof).status_code == 401
    elsewhere = assertion(client.id, now, aud=f"{ISSUER}/par")
    assert ask(**elsewhere).status_code == 401
    assert ask(client_id=client.id).status_code == 401


def certificate(provider: Provider) -> tuple[str, str, dict[str, Any]]:
    """Return a certificate as the proxy's header, its thumbprint and the JWK that registers it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), provider.clock.now()
    name = x509.Name.from_rfc4514_string("CN=website")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    der = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    thumbprint = base64.urlsafe_b64encode(made.fingerprint(hashes.SHA256())).rstrip(b"=").decode()
    return f":{der}:", thumbprint, dict(ECKey.import_key(pem).as_dict(private=False)) | {"x5c": [der]}


@pytest.fixture
def proxied(provider: Provider) -> Iterator[Provider]:
    """Return the provider behind a proxy that hands certificates on."""
    settings = Settings(
        issuer=ISSUER,
        database_url=provider.url,
        secret_keys=[SECRET_KEY],
        trusted_proxies=1,
        client_certificate_header="Client-Cert",
    )
    app = create_app(settings, clock=provider.clock, hashing="cheap")
    yield replace(provider, app=app)
    app.extensions["identity"].dispose()


def test_rfc8705_certificates_work_at_every_endpoint_and_bind_at_every_grant(proxied: Provider):
    header, thumbprint, jwk = certificate(proxied)
    client = website(
        proxied,
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks={"keys": [jwk]},
        tls_client_certificate_bound_access_tokens=True,
    )
    held, other = {"Client-Cert": header}, {"Client-Cert": certificate(proxied)[0]}
    own = send(proxied, "/token", client, held, **CLIENT_CREDENTIALS)
    assert_bound(proxied, own.json, "Bearer", {"x5t#S256": thumbprint})
    token = sign_in(proxied, client, held)["access_token"]
    assert_bound(proxied, exchange(proxied, client, token, held).json, "Bearer", {"x5t#S256": thumbprint})
    for path in ("/introspect", "/device_authorization", "/revoke"):
        for headers, status in ((held, 200), (other, 401), ({}, 401)):
            form = {"token": token, "scope": "openid"}
            assert send(proxied, path, client, headers, **form).status_code == status, (path, status)


def test_rfc8414_2_the_methods_of_each_endpoint_are_true(provider: Provider, proxied: Provider):
    def methods(of: Provider, endpoint: str) -> set[str]:
        document = of.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
        assert "ES256" in document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        return set(document[f"{endpoint}_endpoint_auth_methods_supported"])

    by_certificate = {"tls_client_auth", "self_signed_tls_client_auth"}
    for endpoint in ("token", "revocation", "introspection"):
        plain = methods(provider, endpoint)
        assert "private_key_jwt" in plain
        assert not by_certificate & plain
        # No file of authorities is configured.
        assert by_certificate & methods(proxied, endpoint) == {"self_signed_tls_client_auth"}
        assert ("none" in plain) is (endpoint != "introspection")
