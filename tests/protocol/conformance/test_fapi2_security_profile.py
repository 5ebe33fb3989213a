"""The modules of the FAPI 2.0 Security Profile Final plan by their names, in its four variants.

A client authenticates with `private_key_jwt` or a certificate, and binds its tokens to a DPoP key or to its
certificate. Its modules for signed requests belong to the plan of Message Signing, those about TLS to the
proxy in front. The resource is userinfo.
"""

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from applications import Applications
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from identity.app import create_app
from identity.config import Settings
from identity_provider import ISSUER, SECRET_KEY, VERIFIER, Browser, Client, Provider, answered, close
from joserfc.jwk import ECKey, RSAKey
from page import Page
from signing_client import JWKS, KEYS, Prover, assertion, public, seconds
from werkzeug.test import TestResponse

VARIANTS = list(product(("private_key_jwt", "mtls"), ("dpop", "mtls")))
HEADER = "Client-Cert"
Form = dict[str, Any]


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate: the proxy's header, and the JWK that registers it."""

    header: str
    jwk: dict[str, Any]


def certificate(now: datetime) -> Certificate:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=client")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    der = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Certificate(f":{der}:", dict(ECKey.import_key(pem).as_dict(private=False)) | {"x5c": [der]})


@dataclass
class Party:
    """A client of the suite, with its keys."""

    provider: Provider
    authentication: str
    constraint: str
    id: str = "city-website"
    redirect_uri: str = "https://city.example/callback"
    key: Prover = field(init=False)
    certificate: Certificate = field(init=False)
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = certificate(self.provider.clock.now())
        self.key = Prover(self.provider.clock, ECKey.generate_key("P-256"))
        by_key = self.authentication == "private_key_jwt"
        self.client = self.provider.client(
            id=self.id,
            profile="fapi2",
            token_endpoint_auth_method="private_key_jwt" if by_key else "self_signed_tls_client_auth",
            jwks=JWKS if by_key else {"keys": [self.certificate.jwk]},
            tls_client_certificate_bound_access_tokens=self.constraint == "mtls",
            redirect_uris=[self.redirect_uri],
        )

    @property
    def is_dpop(self) -> bool:
        return self.constraint == "dpop"

    @property
    def connection(self) -> dict[str, str]:
        """Return what the proxy adds to a request of the client."""
        shows = "mtls" in (self.authentication, self.constraint)
        return {HEADER: self.certificate.header} if shows else {}

    def credentials(self, **changes: Any) -> Form:
        """Return what the client authenticates with in a form."""
        if self.authentication == "mtls":
            return {"client_id": self.id}
        return assertion(self.id, self.provider.clock.now(), **changes)

    def post(self, path: str, form: Form, *, proves: bool = False, **claims: Any) -> TestResponse:
        """Send a form; one that is answered with a nonce is sent again as it is, with a new proof."""
        app = self.provider.app.test_client()
        for _attempt in range(2):
            proof = self.key.proof(path, **claims) if proves and self.is_dpop else {}
            response = app.post(path, data=form, headers=self.connection | proof, base_url=ISSUER)
            if (response.json or {}).get("error") != "use_dpop_nonce":
                break
            self.key.nonce = response.headers["DPoP-Nonce"]
        return response

    def push(self, *, proves: bool = False, credentials: Form | None = None, **changes: Any) -> TestResponse:
        form = self.client.request(**changes) | (self.credentials() if credentials is None else credentials)
        return self.post("/par", form, proves=proves)

    def reference(self, *, proves: bool = False, **changes: Any) -> Form:
        response = self.push(proves=proves, **changes)
        assert response.status_code == 201, response.json
        return {"client_id": self.id, "request_uri": response.json["request_uri"]}

    def authorize(self, reference: Form, browser: Browser | None = None) -> dict[str, str]:
        """Return what the client is answered once its resident has signed in."""
        browser = browser or self.provider.browser(self.provider.resident())
        return answered(browser.authorize(reference))

    def code(self, *, proves: bool = False, **changes: Any) -> str:
        answer = self.authorize(self.reference(proves=proves, **changes))
        assert "code" in answer, answer
        assert answer["iss"] == ISSUER
        return answer["code"]

    def code_form(self, code: str, **changes: Any) -> Form:
        form: Form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def token(self, form: Form, *, proves: bool = True, credentials: Form | None = None) -> TestResponse:
        own = self.credentials() if credentials is None else credentials
        return self.post("/token", form | own, proves=proves)

    def tokens(self, *, proves: bool = False, **changes: Any) -> dict[str, Any]:
        response = self.token(self.code_form(self.code(proves=proves, **changes)))
        assert response.status_code == 200, response.json
        return dict(response.json)

    def resource(self, token: str, headers: dict[str, str] | None = None, **claims: Any) -> TestResponse:
        """Ask the resource, with the nonce that it asks for."""
        kind = "DPoP" if self.is_dpop else "Bearer"
        app = self.provider.app.test_client()
        for _attempt in range(2):
            proof = self.key.proof("/userinfo", "GET", token=token, **claims) if self.is_dpop else {}
            sent = {"Authorization": f"{kind} {token}"} | self.connection | proof | (headers or {})
            response = app.get("/userinfo", headers=sent, base_url=ISSUER)
            if (response.json or {}).get("error") != "use_dpop_nonce":
                break
            self.key.nonce = response.headers["DPoP-Nonce"]
        return response


@pytest.fixture
def proxied(provider: Provider, applications: Applications) -> Provider:
    """Return the provider behind a proxy that passes certificates on."""

    def app() -> Any:
        settings = Settings(
            issuer=ISSUER,
            database_url=provider.url,
            secret_keys=[SECRET_KEY],
            trusted_proxies=1,
            client_certificate_header=HEADER,
        )
        made = create_app(settings, clock=provider.clock, hashing="cheap", providers={})
        made.config["TESTING"] = True
        return made

    return replace(provider, app=applications.lend(f"proxied provider {provider.url}", app, close))


@pytest.fixture(params=VARIANTS, ids="+".join)
def party(request: pytest.FixtureRequest, proxied: Provider) -> Party:
    return Party(proxied, *request.param)


def second(party: Party) -> Party:
    """Return the suite's second client, whose redirect URI has a query."""
    redirect_uri = "https://city.example/callback?dummy1=lorem&dummy2=ipsum"
    return Party(party.provider, party.authentication, party.constraint, "another", redirect_uri)


def only(**variant: str) -> Any:
    """Return the mark for a module that the suite runs in some variants alone."""
    fits = [
        (authentication, constraint)
        for authentication, constraint in VARIANTS
        if variant.get("authentication", authentication) == authentication
        and variant.get("constraint", constraint) == constraint
    ]
    return pytest.mark.parametrize("party", fits, indirect=True, ids="+".join)


by_key, by_dpop = only(authentication="private_key_jwt"), only(constraint="dpop")


def refused(response: TestResponse, *errors: str) -> None:
    assert response.status_code in (400, 401), response.json
    assert response.json["error"] in errors, response.json


def test_discovery_end_point_verification(party: Party):
    document = party.provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert {"authorization_code", "refresh_token"} <= set(document["grant_types_supported"])
    methods = set(document["token_endpoint_auth_methods_supported"])
    assert {"private_key_jwt", "self_signed_tls_client_auth"} <= methods
    assert "PS256" in document["token_endpoint_auth_signing_alg_values_supported"]
    assert "ES256" in document["dpop_signing_alg_values_supported"]
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/par"


def test_happy_flow(party: Party):
    for client in (party, second(party)):
        tokens = client.tokens(proves=True)
        claims = client.provider.claims(tokens["id_token"])
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, client.id, "the-nonce")
        assert tokens["token_type"] == ("DPoP" if client.is_dpop else "Bearer")
        assert client.resource(tokens["access_token"]).json["sub"] == claims["sub"]
        # Sender-constrained: without key or certificate the token is worth nothing.
        assert client.provider.userinfo(tokens["access_token"]).status_code == 401


def test_user_rejects_authentication(party: Party):
    for client in (party, second(party)):
        state = "s" * 128
        browser = client.provider.browser()
        page = Page.ok(browser.get(browser.authorize(client.reference(state=state)).location))
        form = page.form("decline")
        answer = answered(browser.post(form.action, form.filled(form.buttons[0])))
        assert answer.pop("error_description")
        expected = {"error": "access_denied", "state": state, "iss": ISSUER}
        dummies = {"dummy1": "lorem", "dummy2": "ipsum"} if client is not party else {}
        assert answer == expected | dummies


def test_ensure_authorization_request_without_state_success(party: Party):
    assert set(party.authorize(party.reference(state=None))) == {"code", "iss"}


def test_ensure_authorization_request_without_nonce_success(party: Party):
    assert "nonce" not in party.provider.claims(party.tokens(nonce=None)["id_token"])


@pytest.mark.parametrize("length", [64, 384], ids=["with-64-char-nonce-success", "with-long-nonce"])
def test_ensure_authorization_request_nonce(party: Party, length: int):
    nonce = "n" * length
    assert party.provider.claims(party.tokens(nonce=nonce)["id_token"])["nonce"] == nonce


def test_ensure_authorization_request_with_long_state(party: Party):
    state = "s" * 1000
    assert party.authorize(party.reference(state=state))["state"] == state


def test_ensure_other_scope_order_succeeds(party: Party):
    assert party.tokens(scope="email profile openid")["id_token"]


def test_claims_parameter_identity_claims(party: Party):
    tokens = party.tokens(scope="openid", claims='{"id_token":{"email":{"essential":true}}}')
    assert party.provider.claims(tokens["id_token"])["email"]


def test_access_token_type_header_case_sensitivity(party: Party):
    token = party.tokens()["access_token"]
    for kind in ("dpop", "DPOP") if party.is_dpop else ("bearer", "BEARER"):
        assert party.resource(token, {"Authorization": f"{kind} {token}"}).status_code == 200


@by_dpop
def test_check_dpop_proof_nbf_exp(party: Party):
    now = seconds(party.provider.clock.now())
    times = {"nbf": now, "exp": now + 300}
    form = party.code_form(party.code()) | party.credentials()
    tokens = party.post("/token", form, proves=True, **times).json
    assert party.resource(tokens["access_token"], **times).status_code == 200


@by_dpop
@pytest.mark.parametrize("offset", [-10, 10], ids=["before-succeeds", "after-succeeds"])
def test_ensure_dpopproof_with_iat_10seconds(party: Party, offset: int):
    iat = seconds(party.provider.clock.now()) + offset
    pushed = party.post("/par", party.client.request() | party.credentials(), proves=True, iat=iat).json
    code = party.authorize({"client_id": party.id, "request_uri": pushed["request_uri"]})["code"]
    form = party.code_form(code) | party.credentials()
    tokens = party.post("/token", form, proves=True, iat=iat).json
    assert party.resource(tokens["access_token"], iat=iat).status_code == 200


@by_dpop
def test_ensure_mismatched_dpop_jkt_fails(party: Party):
    other = Prover(party.provider.clock, ECKey.generate_key("P-256"))
    refused(party.push(proves=True, dpop_jkt=other.jkt), "invalid_request", "invalid_dpop_proof")


@by_dpop
@pytest.mark.parametrize("how", ["mismatched-dpop-proof-jkt", "mismatched-dpop-jkt"])
def test_ensure_token_endpoint_fails_with(party: Party, how: str):
    jkt = {"dpop_jkt": party.key.jkt} if how == "mismatched-dpop-jkt" else {}
    code = party.code(proves=not jkt, **jkt)
    party.key = Prover(party.provider.clock, ECKey.generate_key("P-256"))
    refused(party.token(party.code_form(code)), "invalid_grant", "invalid_dpop_proof", "invalid_request")


@by_dpop
def test_ensure_dpopproof_at_par_endpoint_binding_success(party: Party):
    assert party.tokens(proves=True)["token_type"] == "DPoP"


@by_dpop
def test_ensure_dpop_auth_code_binding_success(party: Party):
    assert party.tokens(proves=True, dpop_jkt=party.key.jkt)["token_type"] == "DPoP"


@pytest.mark.parametrize("name", ["nonce", "state"])
def test_ensure_different_inside_and_outside_request_object(party: Party, name: str):
    reference = party.reference(**{name: "pushed"}) | {name: "outside"}
    answer = party.authorize(reference)
    assert answer["state"] == ("pushed" if name == "state" else "the-state")
    claims = party.provider.claims(party.token(party.code_form(answer["code"])).json["id_token"])
    assert claims["nonce"] == ("pushed" if name == "nonce" else "the-nonce")


def test_state_only_outside_request_object_not_used(party: Party):
    assert "state" not in party.authorize(party.reference(state=None) | {"state": "outside"})


# ensure-request-object-without-redirect-uri-fails, ensure-redirect-uri-in-authorization-request,
# ensure-registered-redirect-uri and plain-fapi-tolerate-unregistered-redirect-uri, in this order.
@pytest.mark.parametrize("redirect_uri", [None, "https://city.example/another"])
def test_ensure_redirect_uri(party: Party, redirect_uri: str | None):
    refused(party.push(redirect_uri=redirect_uri), "invalid_request")


def test_ensure_unsigned_authorization_request_without_using_par_fails(party: Party):
    assert party.authorize(party.client.request())["error"] == "invalid_request"


@pytest.mark.parametrize("response_type", ["code id_token", "token"], ids=["code-idtoken", "token"])
def test_ensure_response_type_fails(party: Party, response_type: str):
    refused(party.push(response_type=response_type), "unsupported_response_type", "invalid_request")


def test_ensure_client_id_in_token_endpoint(party: Party):
    other, form = second(party), party.code_form(party.code())
    # The credentials of this client with the id of the other one.
    wrong = party.credentials() | {"client_id": other.id}
    refused(party.token(form, credentials=wrong), "invalid_client", "invalid_request", "invalid_grant")


def test_ensure_holder_of_key_required(party: Party):
    form = party.code_form(party.code()) | party.credentials()
    app = party.provider.app.test_client()
    shown = party.connection if party.is_dpop else {}
    errors = {"invalid_dpop_proof"} if party.is_dpop else {"invalid_request", "invalid_client"}
    response = app.post("/token", data=form, headers=shown, base_url=ISSUER)
    refused(response, *errors)
    # Nothing was spent by it.
    assert party.post("/token", form, proves=True).status_code == 200


def test_ensure_authorization_code_is_bound_to_client(party: Party):
    code, other = party.code(), second(party)
    refused(other.token(other.code_form(code)), "invalid_grant")


def test_attempt_reuse_authorization_code_after_one_second(party: Party):
    form = party.code_form(party.code())
    tokens = party.token(form).json
    party.provider.advance(seconds=1)
    refused(party.token(form), "invalid_grant")
    assert party.resource(tokens["access_token"]).status_code == 401


def test_ensure_token_endpoint_fails_with_expired_auth_code(party: Party):
    form = party.code_form(party.code())
    party.provider.advance(seconds=61)
    refused(party.token(form), "invalid_grant")


# ensure-signed-client-assertion-with-RS256-fails, ensure-client-assertion-with-exp-is-5-minutes-in-past-fails
# and so on, then those of /par about the audience and times.
ASSERTIONS: dict[str, Form] = {
    "signed-with-RS256": {"alg": "RS256"},
    "exp-is-5-minutes-in-past": {"exp": -300},
    "wrong-aud": {"aud": "https://other.example"},
    "no-sub": {"sub": None},
    "array-as-audience": {"aud": [ISSUER]},
    "par-endpoint-url-as-audience": {"aud": f"{ISSUER}/par"},
    "token-endpoint-url-as-audience": {"aud": f"{ISSUER}/token"},
    "iat-nbf-over-60-seconds-in-the-future": {"iat": 61, "nbf": 61, "exp": 121},
}


def spoiled(party: Party, module: str) -> Form:
    now = seconds(party.provider.clock.now())
    changes = ASSERTIONS[module]
    times = {name: now + value for name, value in changes.items() if name in ("iat", "nbf", "exp")}
    return party.credentials(**changes | times)


@by_key
@pytest.mark.parametrize("module", ASSERTIONS)
def test_ensure_client_assertion_fails(party: Party, module: str):
    form = party.code_form(party.code())
    refused(party.token(form, credentials=spoiled(party, module)), "invalid_client")
    refused(party.push(credentials=spoiled(party, module)), "invalid_client")


@by_key
def test_ensure_client_assertion_in_token_endpoint(party: Party):
    form = party.code_form(party.code())
    refused(party.token(form, credentials={}), "invalid_client", "invalid_request")
    refused(party.token(form, credentials={"client_id": party.id}), "invalid_client")


@by_key
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(party: Party, name: str):
    later = seconds(party.provider.clock.now()) + 8
    assert party.push(credentials=party.credentials(**{name: later})).status_code == 201


NEGATIVE: dict[str, Form] = {
    "typ-missing": {"header": {"typ": None}},
    "alg-missing": {"header": {"alg": "ES256"}, "htm": None},
    "jwk-missing": {"header": {"jwk": None}},
    "jti-missing": {"jti": None},
    "htm-missing": {"htm": None},
    "htu-missing": {"htu": None},
    "iat-missing": {"iat": None},
    "ath-missing": {"ath": None},
    "typ-invalid": {"header": {"typ": "jwt"}},
    "alg-none": {"header": {"alg": "none"}},
    "jwk-private": {"header": {"jwk": KEYS["ES256"].as_dict(private=True)}},
    "jwk-of-another": {"header": {"jwk": public(KEYS["ES256"])}},
    "htm-incorrect": {"htm": "POST"},
    "htu-incorrect": {"htu": f"{ISSUER}/token"},
    "ath-incorrect": {"ath": "x" * 43},
}
POSITIVE: dict[str, Form] = {
    "htu-with-query": {"htu": f"{ISSUER}/userinfo?a=b#c"},
    "extra-claims": {"extra": "claim", "header": {"extra": "header"}},
    "htu-in-capitals": {"htu": f"{ISSUER.upper()}/userinfo"},
}


@by_dpop
def test_dpop_negative_tests(party: Party):
    token = party.tokens()["access_token"]
    assert party.resource(token).status_code == 200
    for name, changes in NEGATIVE.items():
        assert party.resource(token, **changes).status_code == 401, name
    for name, changes in POSITIVE.items():
        assert party.resource(token, **changes).status_code == 200, name
    proof = party.key.proof("/userinfo", "GET", token=token)
    for value in ("x", f"{proof['DPoP']}, {proof['DPoP']}"):
        assert party.resource(token, {"DPoP": value}).status_code == 401
    assert party.resource(token, proof).status_code == 200
    # The same jti again.
    assert party.resource(token, proof).status_code == 401
    for headers in ({"Authorization": f"Bearer {token}"}, {"DPoP": ""}):
        assert party.resource(token, headers).status_code == 401
    other = Prover(party.provider.clock, ECKey.generate_key("P-256"), party.key.nonce)
    assert party.resource(token, other.proof("/userinfo", "GET", token=token)).status_code == 401
    assert party.resource(token).status_code == 200


@by_dpop
def test_dpop_negative_tests_signed_using_rs256(party: Party):
    form = party.code_form(party.code())
    ours, party.key = party.key, Prover(party.provider.clock, RSAKey.generate_key(2048), alg="RS256")
    refused(party.token(form), "invalid_dpop_proof")
    party.key = ours
    assert party.token(form).status_code == 200


def refresh(party: Party, token: str, **options: Any) -> TestResponse:
    return party.token({"grant_type": "refresh_token", "refresh_token": token}, **options)


def test_refresh_token(party: Party):
    first = party.tokens()
    party.provider.advance(seconds=40)
    second_tokens = refresh(party, first["refresh_token"]).json
    # §5.3.2.1: "shall not use refresh token rotation".
    assert second_tokens["refresh_token"] == first["refresh_token"]
    assert party.resource(second_tokens["access_token"]).status_code == 200
    before, after = (party.provider.claims(t["id_token"]) for t in (first, second_tokens))
    assert [after[name] for name in ("iss", "sub", "aud", "auth_time")] == [
        before[name] for name in ("iss", "sub", "aud", "auth_time")
    ]
    party.provider.advance(hours=11)
    assert refresh(party, first["refresh_token"]).status_code == 200
    other = second(party)
    refused(refresh(other, first["refresh_token"]), "invalid_grant")
    if party.authentication == "private_key_jwt":
        refused(refresh(party, first["refresh_token"], credentials={}), "invalid_client")
    app, form = party.provider.app.test_client(), {"grant_type": "refresh_token"}
    form |= {"refresh_token": first["refresh_token"]} | party.credentials()
    unproven = app.post("/token", data=form, base_url=ISSUER)
    refused(unproven, "invalid_client", "invalid_request", "invalid_dpop_proof")
    assert refresh(party, first["refresh_token"]).status_code == 200


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(party: Party):
    browser, reference = party.provider.browser(), party.reference()
    assert browser.authorize(reference).location.startswith("/sign-in?")
    assert browser.authorize(reference).location.startswith("/sign-in?")
    browser.sign_in(party.provider.resident())
    assert "code" in party.authorize(reference, browser)


def test_par_attempt_reuse_request_uri(party: Party):
    reference = party.reference()
    assert "code" in party.authorize(reference)
    assert party.authorize(reference)["reason"] == "sign_in_already_answered"


def test_par_attempt_to_use_expired_request_uri(party: Party):
    reference = party.reference()
    party.provider.advance(seconds=60)
    assert party.authorize(reference)["reason"] == "sign_in_expired"


def test_par_attempt_to_use_request_uri_for_different_client(party: Party):
    other, reference = second(party), party.reference()
    assert "code" not in party.authorize(reference | {"client_id": other.id})


@pytest.mark.parametrize("value", ["urn:ietf:params:oauth:request_uri:x", "https://city.example/request"])
def test_par_authorization_request_containing_request_uri_form_param(party: Party, value: str):
    refused(party.push(request_uri=value), "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_par_attempt_invalid_http_method(party: Party, method: str):
    response = party.provider.app.test_client().open("/par", method=method, base_url=ISSUER)
    assert response.status_code == 405


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
    ids=["ensure-pkce-required", "plain-pkce-rejected", "plain-by-default"],
)
def test_par_pkce(party: Party, changes: Form):
    refused(party.push(**changes), "invalid_request")


@pytest.mark.parametrize(
    "verifier", [None, "w" * 50], ids=["ensure-pkce-code-verifier-required", "incorrect-rejected"]
)
def test_pkce_code_verifier(party: Party, verifier: str | None):
    code = party.code()
    refused(party.token(party.code_form(code, code_verifier=verifier)), "invalid_grant")
    assert party.token(party.code_form(code)).status_code == 200


def test_par_without_duplicate_parameters(party: Party):
    reference = party.reference()
    assert set(reference) == {"client_id", "request_uri"}
    assert "code" in party.authorize(reference)
