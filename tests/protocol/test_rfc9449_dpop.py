"""RFC 9449, Demonstrating Proof of Possession."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from identity.relying_parties.client_keys import parse
from identity_provider import ISSUER, VERIFIER, Client, Provider, answered
from joserfc.jwk import ECKey, OKPKey, RSAKey
from signing_client import Prover, prover, public
from werkzeug.test import TestResponse


def redeem(
    provider: Provider, client: Client, code: str, proof: dict[str, str] | None = None, **changes: Any
) -> TestResponse:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": VERIFIER,
    } | changes
    headers = (client.basic() if client.secret else {}) | (proof or {})
    if not client.secret:
        form["client_id"] = client.id
    return provider.app.test_client().post("/token", data=form, headers=headers, base_url=ISSUER)


def refresh(
    provider: Provider, client: Client, token: str, proof: dict[str, str] | None = None
) -> TestResponse:
    return redeem(provider, client, "", proof, grant_type="refresh_token", refresh_token=token)


def bound(provider: Provider, client: Client, key: Prover) -> dict[str, Any]:
    code = provider.code(provider.browser(provider.resident()), client)
    response = redeem(provider, client, code, key.proof("/token"))
    assert response.status_code == 200, response.json
    return dict(response.json)


def userinfo(
    provider: Provider,
    token: str,
    proof: dict[str, str] | None = None,
    scheme: str = "DPoP",
    method: str = "GET",
) -> TestResponse:
    headers = {"Authorization": f"{scheme} {token}"} | (proof or {})
    return provider.app.test_client().open("/userinfo", method=method, headers=headers, base_url=ISSUER)


def attempt(provider: Provider, proof: dict[str, str]) -> tuple[int, str]:
    """Return what a proof alone comes to: with a sound one, only the code is wrong."""
    client = Client()
    code = provider.code(provider.browser(provider.resident()), client)
    response = redeem(provider, client, code, proof)
    return response.status_code, (response.json or {}).get("error", "")


def test_5_and_6_the_token_is_bound_to_the_key(provider: Provider):
    key = prover(provider.clock)
    tokens = bound(provider, provider.client(), key)
    assert tokens["token_type"] == "DPoP"
    assert provider.claims(tokens["access_token"])["cnf"] == {"jkt": key.jkt}
    assert "cnf" not in provider.claims(tokens["id_token"])


def test_5_without_a_proof_the_token_is_a_bearer_token(provider: Provider):
    tokens = provider.tokens(provider.browser(provider.resident()), provider.client())
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in provider.claims(tokens["access_token"])


def test_5_2_a_client_may_be_held_to_proofs(provider: Provider):
    client = provider.client(dpop_bound_access_tokens=True)
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client)
    missing = redeem(provider, client, code)
    assert (missing.status_code, missing.json["error"]) == (400, "invalid_dpop_proof")
    key = prover(provider.clock)
    asked = redeem(provider, client, code, key.proof("/token"))
    assert (asked.status_code, asked.json["error"]) == (400, "use_dpop_nonce")
    key.nonce = asked.headers["DPoP-Nonce"]
    given = redeem(provider, client, code, key.proof("/token"))
    assert given.status_code == 200
    token = given.json["access_token"]
    without = Prover(provider.clock, key.key).proof("/userinfo", "GET", token=token)
    again = userinfo(provider, token, without)
    assert again.status_code == 401
    assert 'DPoP realm="Community Access ID", algs="' in again.headers["WWW-Authenticate"]
    assert 'error="use_dpop_nonce"' in again.headers["WWW-Authenticate"]
    assert "DPoP-Nonce" in again.headers
    assert userinfo(provider, token, key.proof("/userinfo", "GET", token=token)).status_code == 200


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("RS256", RSAKey.generate_key(2048)),
        ("PS256", RSAKey.generate_key(2048)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
    ],
)
def test_5_1_every_advertised_algorithm_works(provider: Provider, alg: str, key: Any):
    maker = Prover(provider.clock, key, alg=alg)
    tokens = bound(provider, provider.client(), maker)
    assert provider.claims(tokens["access_token"])["cnf"] == {"jkt": maker.jkt}
    document = provider.app.test_client().get("/.well-known/openid-configuration", base_url=ISSUER).json
    assert alg in document["dpop_signing_alg_values_supported"]


def test_4_3_each_part_of_a_proof_is_checked(provider: Provider):
    provider.client()
    key, other = prover(provider.clock), prover(provider.clock)
    private = dict(key.key.as_dict(private=True))
    for proof in (
        key.proof("/token", header={"typ": "JWT"}),
        key.proof("/token", header={"typ": None}),
        key.proof("/token", header={"alg": "none"}),
        key.proof("/token", header={"jwk": None}),
        key.proof("/token", header={"jwk": "x"}),
        key.proof("/token", header={"jwk": private}),
        key.proof("/token", header={"jwk": public(other.key)}),
        key.proof("/token", header={"jwk": {"kty": "oct", "k": "AAAA"}}),
        key.proof("/token", header={"jwk": {"kty": ["EC"]}}),
        {"DPoP": "e30.e30.AA"},
        key.proof("/token", header={"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}),
        key.proof("/token", header={"jwk": public(RSAKey.generate_key(2048))}),
        key.proof("/token", htm="GET"),
        key.proof("/token", htm=None),
        key.proof("/userinfo"),
        key.proof("/token", htu="https://attacker.example/token"),
        key.proof("/token", htu="https://[::1"),
        key.proof("/token", htu=5),
        key.proof("/token", jti=None),
        key.proof("/token", jti=""),
        key.proof("/token", jti=5),
        key.proof("/token", jti="\ud800"),
        key.proof("/token", nonce="\udfff"),
        key.proof("/token", iat=float("nan")),
        key.proof("/token", header={"kid": "\ud800"}),
        key.proof("/token", iat=None),
        key.proof("/token", iat="now"),
        {"DPoP": ""},
        {"DPoP": "nonsense"},
        {"DPoP": "a.b.c"},
        {"DPoP": "x" * 9000},
        {"DPoP": f"{key.proof('/token')['DPoP']}, {key.proof('/token')['DPoP']}"},
    ):
        assert attempt(provider, proof) == (400, "invalid_dpop_proof"), proof


@pytest.mark.parametrize("htu", [f"{ISSUER}/token?x=1#y", "HTTP://LOCALHOST:8000/token"])
def test_4_3_the_address_is_compared_without_query_and_fragment(provider: Provider, htu: str):
    provider.client()
    assert attempt(provider, prover(provider.clock).proof("/token", htu=htu)) == (200, "")


def test_11_1_a_proof_works_once(provider: Provider):
    provider.client()
    proof = prover(provider.clock).proof("/token")
    assert attempt(provider, proof) == (200, "")
    assert attempt(provider, proof) == (400, "invalid_dpop_proof")


def test_11_1_many_uses_of_one_proof_at_once_have_one_winner(provider: Provider):
    key = prover(provider.clock)
    token = bound(provider, provider.client(), key)["access_token"]
    proof = key.proof("/userinfo", "GET", token=token)
    barrier = Barrier(10)

    def use(_number: int) -> int:
        barrier.wait()
        return userinfo(provider, token, proof).status_code

    with ThreadPoolExecutor(10) as threads:
        assert sorted(threads.map(use, range(10))) == [200] + [401] * 9


def test_8_without_a_nonce_the_time_must_be_right(provider: Provider):
    provider.client()
    key, now = prover(provider.clock), int(provider.clock.now().timestamp())
    assert attempt(provider, key.proof("/token", iat=now - 60)) == (200, "")
    assert attempt(provider, key.proof("/token", iat=now + 60)) == (200, "")
    assert attempt(provider, key.proof("/token", iat=now - 61)) == (400, "use_dpop_nonce")
    assert attempt(provider, key.proof("/token", iat=now + 61)) == (400, "use_dpop_nonce")


def test_8_a_nonce_makes_up_for_a_wrong_clock_and_is_over_in_five_minutes(provider: Provider):
    client = provider.client()
    response = redeem(provider, client, "unknown", prover(provider.clock).proof("/token"))
    nonce = response.headers["DPoP-Nonce"]
    key = Prover(provider.clock, ECKey.generate_key("P-256"), nonce)
    assert attempt(provider, key.proof("/token", iat=5)) == (200, "")
    provider.advance(seconds=240)
    assert attempt(provider, key.proof("/token")) == (200, "")
    provider.advance(seconds=60)
    assert attempt(provider, key.proof("/token")) == (400, "use_dpop_nonce")


@pytest.mark.parametrize("nonce", ["x", "1.x", f"{10**11}.{'A' * 43}", 5])
def test_8_a_nonce_that_is_not_ours_is_answered_with_one_that_is(provider: Provider, nonce: Any):
    provider.client()
    key = prover(provider.clock)
    assert attempt(provider, key.proof("/token", nonce=nonce)) == (400, "use_dpop_nonce")


def test_5_a_refused_proof_leaves_the_code(provider: Provider):
    client, key = provider.client(), prover(provider.clock)
    code = provider.code(provider.browser(provider.resident()), client)
    assert redeem(provider, client, code, key.proof("/userinfo")).status_code == 400
    assert redeem(provider, client, code, key.proof("/token")).status_code == 200


def test_10_a_code_may_be_bound_to_a_key(provider: Provider):
    client, key = provider.client(), prover(provider.clock)
    browser = provider.browser(provider.resident())
    code = provider.code(browser, client, dpop_jkt=key.jkt)
    stolen = redeem(provider, client, code, prover(provider.clock).proof("/token"))
    assert stolen.json["error"] == "invalid_grant"
    assert redeem(provider, client, code).json["error"] == "invalid_dpop_proof"
    assert redeem(provider, client, code, key.proof("/token")).status_code == 200
    refused = answered(browser.authorize(client.request(dpop_jkt="short")))
    assert refused["error"] == "invalid_request"


def test_10_1_pushing_with_a_proof_binds_the_code(provider: Provider):
    client, key = provider.client(), prover(provider.clock)
    response = provider.app.test_client().post(
        "/par", data=client.request(), headers=client.basic() | key.proof("/par"), base_url=ISSUER
    )
    assert response.status_code == 201
    assert "DPoP-Nonce" in response.headers
    reference = {"client_id": client.id, "request_uri": response.json["request_uri"]}
    code = answered(provider.browser(provider.resident()).authorize(reference))["code"]
    assert redeem(provider, client, code, prover(provider.clock).proof("/token")).status_code == 400
    assert redeem(provider, client, code, key.proof("/token")).status_code == 200
    contrary = provider.app.test_client().post(
        "/par",
        data=client.request(dpop_jkt=prover(provider.clock).jkt),
        headers=client.basic() | key.proof("/par"),
        base_url=ISSUER,
    )
    assert contrary.json["error"] == "invalid_request"


def test_5_refresh_tokens_of_public_clients_are_bound(provider: Provider):
    client, key = provider.client(token_endpoint_auth_method="none"), prover(provider.clock)
    token = bound(provider, client, key)["refresh_token"]
    assert refresh(provider, client, token).json["error"] == "invalid_dpop_proof"
    stolen = refresh(provider, client, token, prover(provider.clock).proof("/token"))
    assert stolen.json["error"] == "invalid_grant"
    renewed = refresh(provider, client, token, key.proof("/token"))
    assert renewed.json["token_type"] == "DPoP"
    assert provider.claims(renewed.json["access_token"])["cnf"] == {"jkt": key.jkt}


def test_5_confidential_clients_may_change_their_key(provider: Provider):
    client, new = provider.client(), prover(provider.clock)
    token = bound(provider, client, prover(provider.clock))["refresh_token"]
    renewed = refresh(provider, client, token, new.proof("/token"))
    assert provider.claims(renewed.json["access_token"])["cnf"] == {"jkt": new.jkt}


def test_7_1_a_bound_token_comes_with_a_proof_of_its_key(provider: Provider):
    key = prover(provider.clock)
    token = bound(provider, provider.client(), key)["access_token"]
    for method in ("GET", "POST"):
        assert (
            userinfo(provider, token, key.proof("/userinfo", method, token=token), method=method).status_code
            == 200
        )
    for proof in (
        None,
        key.proof("/userinfo", "GET"),
        key.proof("/userinfo", "GET", token="another"),
        key.proof("/userinfo", "POST", token=token),
        key.proof("/token", "GET", token=token),
        prover(provider.clock).proof("/userinfo", "GET", token=token),
    ):
        response = userinfo(provider, token, proof)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith(
            'DPoP realm="Community Access ID", algs="ES256 '
        )
        assert response.mimetype == "application/json"


def test_7_2_a_bound_token_is_no_bearer_token_and_the_other_way_round(provider: Provider):
    client, key = provider.client(), prover(provider.clock)
    token = bound(provider, client, key)["access_token"]
    proof = key.proof("/userinfo", "GET", token=token)
    downgraded = userinfo(provider, token, proof, scheme="Bearer")
    assert downgraded.status_code == 401
    assert downgraded.headers["WWW-Authenticate"].startswith("DPoP ")
    form = provider.app.test_client().post("/userinfo", data={"access_token": token}, base_url=ISSUER)
    assert form.status_code == 401
    plain = provider.tokens(provider.browser(provider.resident()), client)["access_token"]
    upgraded = userinfo(provider, plain, key.proof("/userinfo", "GET", token=plain))
    assert upgraded.status_code == 401
    assert userinfo(provider, plain, scheme="Bearer").status_code == 200


def test_7_2_without_a_token_both_schemes_are_offered(provider: Provider):
    response = provider.app.test_client().get("/userinfo", base_url=ISSUER)
    challenges = response.headers.getlist("WWW-Authenticate")
    realm = 'realm="Community Access ID"'
    assert challenges == [f"Bearer {realm}", f'DPoP {realm}, algs="ES256 PS256 RS256 EdDSA"']


def test_scripts_may_send_proofs_and_read_nonces(provider: Provider):
    preflight = provider.app.test_client().options("/token", base_url=ISSUER)
    assert "DPoP" in preflight.headers["Access-Control-Allow-Headers"]
    response = redeem(provider, provider.client(), "x", prover(provider.clock).proof("/token"))
    assert "DPoP-Nonce" in response.headers["Access-Control-Expose-Headers"]
    assert "DPoP-Nonce" in response.headers


def test_6_1_the_thumbprint_is_that_of_the_specification():
    # The key and the `jkt` of RFC 9449, figures 2 and 11.
    jwk = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    assert parse(jwk).thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
