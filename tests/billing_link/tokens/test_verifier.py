import base64
import hmac
import json
from datetime import timedelta

import pytest
from billing_link.clock import FixedClock, SystemClock
from billing_link.errors import Refusal, Refused
from billing_link.outbound_http import OutboundHttp
from billing_link.tokens import issuer_keys
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.revocations import RevokedSessions
from billing_link.tokens.verifier import Verifier
from billing_link.trusted_authorities import TrustedAuthorities
from joserfc import jws

KEYS_HTTP = OutboundHttp(issuer_keys.LIMITS, TrustedAuthorities())

AUDIENCE = "urn:community-access:billing-link"


@pytest.fixture
def now():
    return FixedClock(SystemClock().now())


@pytest.fixture
def verifier(identity, now):
    return Verifier(IssuerKeys(identity.issuer, KEYS_HTTP), RevokedSessions(), audience=AUDIENCE, clock=now)


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refusal(verifier, token):
    outcome = verifier.verify(token)
    assert isinstance(outcome, Refused)
    return outcome.reason


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_a_token_of_identity_names_its_caller(identity, verifier, key):
    token = identity.token(
        key=key, email="jane@example.com", email_verified=True, given_name="Jane", family_name="Example"
    )
    caller = verifier.verify(token)
    assert (caller.issuer, caller.subject, caller.city_id) == (identity.issuer, "jane", "pinellas-park")
    assert caller.scopes == {"openid", "billing.read", "billing.link"}
    assert (caller.client_id, caller.session_id) == ("citizen-self-service", "session-1")
    assert (caller.verified_email, caller.given_name, caller.family_name) == (
        "jane@example.com",
        "Jane",
        "Example",
    )


@pytest.mark.parametrize("said", [False, None, "true", "false", 1])
def test_only_the_json_value_true_verifies_an_address(identity, verifier, said):
    assert verifier.verify(identity.token(email="jane@example.com", email_verified=said)).verified_email == ""


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_of_an_access_token_is_taken_as_rfc_9068_writes_it(identity, verifier, typ):
    assert verifier.verify(identity.token(header={"typ": typ})).subject == "jane"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://127.0.0.1:1"},
        {"iss": None},
        {"aud": "http://127.0.0.1:8000"},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"aud": 5},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 256},
        {"client_id": None},
        # A client that speaks for itself (RFC 9068 §2.2) is no resident.
        {"sub": "citizen-self-service"},
        {"jti": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 10**30},
        {"iat": None},
        {"scope": ["billing.read"]},
        {"city": ["pinellas-park"]},
        {"city": "pinellas\0park"},
        {"city": "\ud800"},
        {"sub": "jane\udfff"},
        {"jti": "\ud800"},
        {"given_name": "\ud83d"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nested": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},
        {"header": {"kid": "\ud800"}},
        {"header": {"typ": "\ud800"}},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "logout+jwt"}},
        {"header": {"typ": None}},
        {"header": {"kid": None}},
        {"header": {"kid": "unknown"}},
        {"header": {"jku": "https://evil.example/jwks"}},
        {"header": {"x5u": "https://evil.example/cert"}},
        {"key": "stranger"},
        {"key": "rsa", "header": {"kid": "ec"}},
    ],
)
def test_a_token_with_one_thing_wrong_is_invalid(identity, verifier, changes):
    assert refusal(verifier, identity.token(**changes)) is Refusal.TOKEN_INVALID


def test_the_audience_may_be_one_of_a_list(identity, verifier):
    assert verifier.verify(identity.token(aud=["http://elsewhere", AUDIENCE])).subject == "jane"


def test_a_token_that_brings_its_own_key_is_invalid(identity, verifier, signing_keys):
    token = identity.token(key="stranger", header={"jwk": signing_keys["stranger"].as_dict(private=False)})
    assert refusal(verifier, token) is Refusal.TOKEN_INVALID


def test_a_token_without_a_signature_is_invalid(identity, verifier):
    _, payload, _ = identity.token().split(".")
    for algorithm in ("none", "None", "NONE"):
        header = encoded(json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": "ec"}).encode())
        assert refusal(verifier, f"{header}.{payload}.") is Refusal.TOKEN_INVALID


def test_the_public_key_is_no_shared_secret(identity, verifier, signing_keys):
    payload = identity.token().split(".")[1]
    for key in ("rsa", "ec"):
        published = signing_keys[key].as_pem(private=False)
        header = encoded(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": key}).encode())
        # By hand: the library refuses to take a public key as a secret, an attacker does not.
        signature = encoded(hmac.digest(published, f"{header}.{payload}".encode(), "sha256"))
        assert refusal(verifier, f"{header}.{payload}.{signature}") is Refusal.TOKEN_INVALID


def test_a_changed_payload_is_invalid(identity, verifier):
    header, payload, signature = identity.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sub": "somebody"}
    changed = encoded(json.dumps(claims).encode())
    assert refusal(verifier, f"{header}.{changed}.{signature}") is Refusal.TOKEN_INVALID


NESTED = f"{encoded(b'[' * 4000)}.e30.e30"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "a.b.c.d.e", "....", "ü.b.c", "x" * 9000, NESTED])
def test_what_is_no_token_is_invalid(verifier, token):
    assert refusal(verifier, token) is Refusal.TOKEN_INVALID


def test_a_token_of_more_than_eight_kilobytes_is_not_even_read(identity, verifier):
    token = identity.token(filler="x" * 8000)
    assert refusal(verifier, token) is Refusal.TOKEN_INVALID
    assert identity.requests == []


@pytest.mark.parametrize("payload", [b"[]", b'"text"', b"{", b"\xff", b"[" * 3000])
def test_a_signed_payload_that_is_no_object_is_invalid(identity, verifier, signing_keys, payload):
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "ec"}
    token = jws.serialize_compact(header, payload, signing_keys["ec"], algorithms=["ES256"])
    assert refusal(verifier, token) is Refusal.TOKEN_INVALID


class TestTimes:
    def test_a_token_is_good_until_a_minute_after_its_end(self, identity, verifier, now):
        token = identity.token(exp=int(now.now().timestamp()) + 300)
        now.advance(timedelta(seconds=300 + 59))
        assert verifier.verify(token).subject == "jane"
        now.advance(timedelta(seconds=1))
        assert refusal(verifier, token) is Refusal.TOKEN_EXPIRED

    def test_a_cached_token_expires_too(self, identity, verifier, now):
        token = identity.token(exp=int(now.now().timestamp()) + 300)
        verifier.verify(token)
        now.advance(timedelta(seconds=360))
        assert refusal(verifier, token) is Refusal.TOKEN_EXPIRED

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_identity_may_be_a_minute_ahead_but_no_more(self, identity, verifier, now, claim):
        at = int(now.now().timestamp())
        assert verifier.verify(identity.token(**{claim: at + 60})).subject == "jane"
        assert refusal(verifier, identity.token(**{claim: at + 61})) is Refusal.TOKEN_INVALID


def test_a_token_is_verified_once_and_cached(identity, verifier):
    token = identity.token()
    first = verifier.verify(token)
    assert verifier.verify(token) is first


def test_the_cache_drops_the_least_recently_used_token(identity, now):
    verifier = Verifier(
        IssuerKeys(identity.issuer, KEYS_HTTP),
        RevokedSessions(),
        audience=AUDIENCE,
        clock=now,
        cache_size=2,
    )
    tokens = [identity.token(jti=str(number)) for number in range(3)]
    first = verifier.verify(tokens[0])
    for token in tokens[1:]:
        verifier.verify(token)
    # The least recently used one was dropped, so it is read again.
    assert verifier.verify(tokens[0]) is not first
    third = verifier.verify(tokens[2])
    assert verifier.verify(tokens[2]) is third


@pytest.mark.parametrize("cnf", [{"jkt": "x" * 43}, {"x5t#S256": "x" * 43}, {}])
def test_rfc7800_a_token_that_is_bound_to_a_key_is_no_bearer_token(identity, verifier, cnf):
    assert refusal(verifier, identity.token(cnf=cnf)) is Refusal.TOKEN_INVALID
