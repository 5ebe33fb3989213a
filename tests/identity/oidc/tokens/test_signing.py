"""Tokens as they are written: byte for byte what joserfc writes, for which it stood before."""

import base64
import json

import pytest
from identity.clock import FixedClock
from identity.oidc.tokens.signing import TokenRefusedError, TokenSigner
from identity.signing_keys.key_set import ParsedKey
from identity.signing_keys.rotation import ALGORITHMS, generate_key
from identity_provider import BEGINNING, ISSUER
from joserfc import jwt

NOW = int(BEGINNING.timestamp())
CLAIMS = {"iss": ISSUER, "iat": NOW, "name": "Zoë \u2028 \U0001f4a7 \"'", "amr": ["pwd"], "nothing": None}


class Keys:
    """Stands for the key set: one key, until it is withdrawn."""

    def __init__(self, alg: str) -> None:
        self.key = ParsedKey(f"key-{alg}", alg, generate_key(alg))
        self.known = {self.key.kid: self.key}

    def signing_key(self, _alg: str) -> ParsedKey:
        return self.key

    def verifying_key(self, kid: str) -> ParsedKey | None:
        return self.known.get(kid)


@pytest.fixture(scope="module")
def keys():
    return Keys("ES256")


@pytest.fixture
def signer(keys):
    return TokenSigner(keys, FixedClock(BEGINNING), ISSUER)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_library_reads_them_and_writes_the_same(alg):
    keys = Keys(alg)
    token = TokenSigner(keys, FixedClock(BEGINNING), ISSUER).sign(CLAIMS, alg, "at+jwt")
    header = {"alg": alg, "typ": "at+jwt", "kid": keys.key.kid}
    read = jwt.decode(token, keys.key.key, algorithms=[alg])
    assert (read.header, read.claims) == (header, CLAIMS)
    written = jwt.encode(header, dict(CLAIMS), keys.key.key, algorithms=[alg])
    assert token.rpartition(".")[0] == written.rpartition(".")[0]


def test_one_of_ours_is_verified_and_its_key_named(signer, keys):
    verified = signer.verify(signer.sign(CLAIMS, "ES256", "at+jwt"))
    assert (verified.kind, verified.claims, verified.key) == ("at+jwt", CLAIMS, keys.key)
    assert signer.is_current(verified)


def test_one_that_the_library_wrote_is_verified(signer, keys):
    header = {"alg": "ES256", "typ": "JWT", "kid": keys.key.kid}
    assert signer.verify(jwt.encode(header, dict(CLAIMS), keys.key.key)).claims == CLAIMS


@pytest.mark.parametrize(
    "more", [{"crit": ["b64"], "b64": True}, {"jwk": {}}, {"cty": "JWT"}, {"x5u": "https://attacker.example"}]
)
def test_a_header_with_more_than_ours_is_refused(signer, keys, more):
    header = {"typ": "at+jwt", "alg": "ES256", "kid": keys.key.kid} | more
    signed = f"{part(header)}.{part(CLAIMS)}"
    signature = base64.urlsafe_b64encode(keys.key.sign(signed.encode())).rstrip(b"=").decode()
    with pytest.raises(TokenRefusedError):
        signer.verify(f"{signed}.{signature}")


@pytest.mark.parametrize("content", ["[]", "1", "null", "{", '{"iss": 1}', "\ufeff{}"])
def test_content_that_is_no_claims_is_refused(signer, keys, content):
    head = signer.sign(CLAIMS, "ES256", "at+jwt").partition(".")[0]
    signed = f"{head}.{base64.urlsafe_b64encode(content.encode()).rstrip(b'=').decode()}"
    signature = base64.urlsafe_b64encode(keys.key.sign(signed.encode())).rstrip(b"=").decode()
    with pytest.raises(TokenRefusedError):
        signer.verify(f"{signed}.{signature}")


@pytest.mark.parametrize("change", ["{}=", "{}\n", " {}", "{}.", ".{}", "{}+", "{}é"])
def test_another_text_for_the_same_token_is_refused(signer, change):
    with pytest.raises(TokenRefusedError):
        signer.verify(change.format(signer.sign(CLAIMS, "ES256", "at+jwt")))


def test_a_withdrawn_key_verifies_no_more(signer, keys):
    token = signer.sign(CLAIMS, "ES256", "at+jwt")
    verified = signer.verify(token)
    withdrawn = keys.known.pop(keys.key.kid)
    try:
        assert not signer.is_current(verified)
        with pytest.raises(TokenRefusedError):
            signer.verify(token)
    finally:
        keys.known[withdrawn.kid] = withdrawn


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
