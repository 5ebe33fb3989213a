"""Keys, certificates and switches of clients are checked when they are written."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from identity.relying_parties.client_keys import problem_with_key_set
from identity.relying_parties.schemas import RegistrationRefusedError, read_client
from joserfc.jwk import ECKey
from signing_client import JWKS, KEYS, encoded, public

CLIENT: dict[str, Any] = {
    "id": "city-website",
    "city_id": "pinellas-park",
    "name": "The city website",
    "redirect_uris": ["https://city.example/callback"],
    "initiate_login_uri": "https://city.example/sign-in",
}
EC = public(KEYS["ES256"])
RSA = public(KEYS["RS256"])


def rsa_of(bits: int) -> dict[str, str]:
    number = rsa.generate_private_key(65537, bits).public_key().public_numbers().n
    return {"kty": "RSA", "e": "AQAB", "n": encoded(number.to_bytes(bits // 8))}


def test_sound_key_sets():
    assert problem_with_key_set(JWKS) is None
    assert problem_with_key_set({"keys": [{k: v for k, v in EC.items() if k != "kid"}]}) is None
    assert problem_with_key_set({"keys": [RSA | {"alg": "PS256", "use": "sig"}]}) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "not a JWK Set"),
        ({}, "not a JWK Set"),
        ({"keys": []}, "not a JWK Set"),
        ({"keys": [EC] * 21}, "not a JWK Set"),
        ({"keys": ["x"]}, "not an object"),
        ({"keys": [KEYS["ES256"].as_dict(private=True)]}, "private parts"),
        ({"keys": [KEYS["RS256"].as_dict(private=True)]}, "private parts"),
        ({"keys": [{"kty": "oct", "k": "AAAA"}]}, "private parts"),
        ({"keys": [{"kty": "oct"}]}, "of a type"),
        ({"keys": [EC | {"kty": "RSA"}]}, "broken"),
        ({"keys": [EC | {"x": "AAAA"}]}, "broken"),
        ({"keys": [EC | {"x": 5}]}, "broken"),
        ({"keys": [EC | {"kty": ["EC"]}]}, "broken"),
        ({"keys": [EC | {"crv": {}}]}, "broken"),
        ({"keys": [RSA | {"n": 5}]}, "broken"),
        ({"keys": [RSA | {"n": "é"}]}, "broken"),
        ({"keys": [{"kty": "RSA", "n": RSA["n"]}]}, "broken"),
        ({"keys": [RSA | {"e": encoded(b"\xff" * 100)}]}, "exponent"),
        ({"keys": [EC | {"kid": 5}]}, "kid"),
        ({"keys": [EC | {"use": "enc"}]}, "not for signatures"),
        ({"keys": [EC | {"alg": "HS256"}]}, "algorithm"),
        ({"keys": [EC | {"alg": "RS256"}]}, "algorithm"),
        ({"keys": [RSA | {"alg": "none"}]}, "algorithm"),
        ({"keys": [public(ECKey.generate_key("P-384"))]}, "curve"),
        ({"keys": [rsa_of(1024)]}, "1024 bits"),
        ({"keys": [RSA | {"n": encoded(b"\xff" * 2048)}]}, "16384 bits"),
        ({"keys": [EC, RSA | {"kid": EC["kid"]}]}, "kid"),
        ({"keys": [EC, {k: v for k, v in RSA.items() if k != "kid"}]}, "kid"),
    ],
)
def test_unsound_key_sets(content: object, words: str):
    assert words in (problem_with_key_set(content) or "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_endpoint_auth_method": "private_key_jwt"}, "needs jwks or jwks_uri"),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "needs jwks or jwks_uri"),
        ({"require_signed_request_object": True}, "needs jwks or jwks_uri"),
        ({"jwks": JWKS, "jwks_uri": "https://city.example/jwks"}, "not both"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": "x"}, "jwks"),
        ({"jwks_uri": "http://city.example/jwks"}, "not https"),
        ({"jwks_uri": "file:///etc/passwd"}, "not an absolute"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "tls_client_auth_subject_dn"),
        ({"tls_client_auth_subject_dn": "CN=x"}, "tls_client_auth"),
        (
            {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "x"},
            "distinguished name",
        ),
        (
            {"token_endpoint_auth_method": "none", "tls_client_certificate_bound_access_tokens": True},
            "authenticates",
        ),
        ({"profile": "fapi1"}, "profile"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(RegistrationRefusedError) as refused:
        read_client(CLIENT | changes)
    assert words in str(refused.value)


def test_what_is_stored_can_be_written_again():
    client = read_client(
        CLIENT | {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
    ).registered()
    assert read_client(client.registration).registered() == client
    assert json.dumps(client.jwks)
