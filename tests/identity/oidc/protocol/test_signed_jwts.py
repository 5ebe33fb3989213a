"""Whatever is sent as a client's JWT, it is read or refused; nothing else comes of it."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from identity.oidc.protocol.signed_jwts import JwtRefusedError, identifier, moment, parse_unverified

# Private: the one parser of keys that strangers send, which random input should reach directly.
from identity.oidc.sender_constraint.dpop import _proven_key
from identity.relying_parties.client_keys import problem_with_key
from identity.relying_parties.clients import RegisteredClient
from signing_client import encoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["alg", "typ", "kid", "jwk", "crit", "b64", "x5c", "zip", "exp", "iat", "jti", "aud"])
HEADERS = st.dictionaries(NAMES, VALUES | st.sampled_from(["ES256", "EdDSA", "none", "dpop+jwt"]), max_size=6)
MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "d", "k"])
KINDS = st.sampled_from(["EC", "RSA", "OKP", "oct", "P-256", "Ed25519", "AQAB", "AAAA"])
JWKS = st.dictionaries(MEMBERS, VALUES | KINDS, max_size=6)


# A client of any profile, which may sign with every algorithm.
ANY_CLIENT = cast("RegisteredClient", SimpleNamespace(may_sign_with=lambda _alg: True))


@given(text=st.text(max_size=200))
def test_any_text(text: str):
    with pytest.raises(JwtRefusedError):
        parse_unverified(text, (None,))


@example(header={"alg": "ES256", "typ": "dpop+jwt"}, claims={"exp": 1, "jti": "x"})
@given(header=HEADERS, claims=VALUES | st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_header_and_claims(header: dict[str, Any], claims: Any):
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    try:
        jwt = parse_unverified(f"{text}.AAAA", (None, "jwt", "dpop+jwt"))
        moment(jwt.claims, "exp")
        identifier(jwt.claims)
        _proven_key(jwt, ANY_CLIENT)
    except JwtRefusedError:
        return
    pytest.fail("signed by nobody")


@given(jwk=JWKS | VALUES)
def test_any_key(jwk: Any):
    problem = problem_with_key(jwk)
    assert problem is None or problem.isascii()
