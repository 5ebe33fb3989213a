"""The portal against a provider that lies: named after the modules of the OpenID suite (RP, basic profile).

One test a module where the suite has one; the others are the checks of RFC 8725 and RFC 9207 beside them.
"""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from portal.identity_client.provider import KEYS_REFETCH_INTERVAL


def is_signed_in(visitor) -> bool:
    response = visitor.sign_in()
    session = visitor.client.get_cookie("portal") is not None
    assert session == (response.status_code == 303 and response.location == "/home")
    return session


def test_oidcc_client_test(visitor) -> None:
    assert is_signed_in(visitor)


def test_oidcc_client_test_idtoken_sig_rs256(visitor, identity) -> None:
    identity.header = {"alg": "RS256", "kid": "rs"}

    assert is_signed_in(visitor)


def test_oidcc_client_test_idtoken_sig_none(visitor, identity) -> None:
    def unsigned(_header: dict[str, Any], claims: dict[str, Any]) -> str:
        parts = [
            base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode()
            for p in ({"alg": "none"}, claims)
        ]
        return f"{parts[0]}.{parts[1]}."

    identity.sign = unsigned

    assert not is_signed_in(visitor)


def test_oidcc_client_test_signing_algorithm_outside_the_allowlist(visitor, identity) -> None:
    key = OctKey.import_key("portal-secret-portal-secret-portal")
    identity.sign = lambda header, claims: jwt.encode(
        header | {"alg": "HS256"}, claims, key, algorithms=["HS256"]
    )

    assert not is_signed_in(visitor)


def test_oidcc_client_test_invalid_sig_es256(visitor, identity) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "es"})
    identity.sign = lambda header, claims: jwt.encode(header, claims, stranger, algorithms=["ES256"])

    assert not is_signed_in(visitor)


def test_oidcc_client_test_invalid_sig_rs256(visitor, identity) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "rs"})
    identity.sign = lambda header, claims: jwt.encode(
        header | {"alg": "RS256", "kid": "rs"}, claims, stranger, algorithms=["RS256"]
    )

    assert not is_signed_in(visitor)


def test_a_key_in_the_header_is_not_trusted(visitor, identity) -> None:
    stranger = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": stranger.as_dict(private=False)}
    identity.sign = lambda _header, claims: jwt.encode(header, claims, stranger, algorithms=["ES256"])

    assert not is_signed_in(visitor)


def test_oidcc_client_test_kid_absent_single_jwks(visitor, identity) -> None:
    identity.published = [identity.keys["ES256"]]
    identity.published_without_kid = True
    identity.header = {"kid": None}

    assert is_signed_in(visitor)


def test_oidcc_client_test_kid_absent_multiple_jwks(visitor, identity) -> None:
    identity.published = [ECKey.generate_key("P-256"), *identity.keys.values()]
    identity.published_without_kid = True
    identity.header = {"kid": None}

    assert is_signed_in(visitor)


def test_oidcc_client_test_signing_key_rotation(visitor, new_visitor, identity, clock) -> None:
    visitor.sign_in()
    identity.published = [key := ECKey.generate_key("P-256", {"kid": "newer", "use": "sig", "alg": "ES256"})]
    identity.sign = lambda header, claims: jwt.encode(
        header | {"kid": "newer"}, claims, key, algorithms=["ES256"]
    )
    clock.advance(timedelta(seconds=KEYS_REFETCH_INTERVAL))

    assert is_signed_in(new_visitor())


@pytest.mark.parametrize(
    ("module", "claims"),
    [
        ("oidcc-client-test-invalid-iss", {"iss": "https://evil.example"}),
        ("oidcc-client-test-missing-iss", {"iss": None}),
        ("oidcc-client-test-invalid-aud", {"aud": "city-website"}),
        ("oidcc-client-test-missing-aud", {"aud": None}),
        ("a second audience that the portal knows nothing of", {"aud": ["citizen-self-service", "other"]}),
        ("azp of another client", {"azp": "city-website"}),
        ("oidcc-client-test-missing-sub", {"sub": None}),
        ("an empty sub", {"sub": ""}),
        ("a sub of more than 255 characters", {"sub": "s" * 256}),
        ("oidcc-client-test-missing-iat", {"iat": None}),
        ("an iat in the future", {"iat": 4_000_000_000}),
        ("oidcc-client-test-missing-exp", {"exp": None}),
        ("an ID token that has expired", {"exp": 1_700_000_000}),
        ("exp as text", {"exp": "4000000000"}),
        ("oidcc-client-test-nonce-invalid", {"nonce": "another"}),
        ("oidcc-client-test-nonce-missing", {"nonce": None}),
        ("oidcc-client-test-invalid-at-hash", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ],
)
def test_a_claim_that_does_not_hold_fails_the_sign_in(visitor, identity, module: str, claims) -> None:
    identity.claims = claims

    assert not is_signed_in(visitor), module


def test_oidcc_client_test_missing_athash(visitor, identity) -> None:
    identity.claims = {"at_hash": None}  # OPTIONAL in the code flow

    assert is_signed_in(visitor)


def test_an_access_token_cannot_serve_as_id_token(visitor, identity) -> None:
    identity.header = {"typ": "at+jwt"}

    assert not is_signed_in(visitor)


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "W10.W10.W10"])
def test_what_is_no_jwt_fails_the_sign_in(visitor, identity, token: str) -> None:
    identity.sign = lambda _header, _claims: token

    assert not is_signed_in(visitor)


def test_oidcc_client_test_userinfo_invalid_sub(resident, identity) -> None:
    identity.userinfo["sub"] = "another-resident"

    page = resident.page("/home")

    assert "Profile information not found." in page.text
    assert "Ana Rivera" not in page.source


def test_oidcc_client_test_userinfo_bearer_header(resident, identity) -> None:
    assert "Ana Rivera" in resident.page("/home").text
    assert identity.asked("/userinfo") == [{}]


def test_oidcc_client_test_discovery_issuer_mismatch(visitor, identity) -> None:
    identity.discovery = {"issuer": f"{identity.issuer}/other"}

    assert visitor.get("/sign-in").status_code == 503


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_metadata_without_an_address_is_no_metadata(visitor, identity, endpoint: str) -> None:
    identity.discovery = {endpoint: "javascript:alert(1)"}

    assert visitor.get("/sign-in").status_code == 503
