"""Signed tokens of providers: ID tokens (OpenID Connect Core §3.1.3.7); security events use the first step.

The key comes from the provider's published set. Of a token's header only `alg` (from an allow list) and `kid`
are used, and `typ` of an ID token (RFC 8725 §3.1, §3.10).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from joserfc import jws, jwt
from joserfc.errors import JoseError

from identity.identity_providers.claims import is_same
from identity.identity_providers.keys import SigningKeys
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.json_text import read_json_object, read_jws_header, with_replacements

ALGORITHMS = ("RS256", "PS256", "ES256")
# Tolerated difference between the clocks of providers and of this machine, in seconds.
LEEWAY = 60
_TOKEN_CHARACTERS = 16 * 1024
_SUBJECT_CHARACTERS = 255

Claims = Mapping[str, object]


@dataclass(frozen=True)
class SignedClaims:
    """Claims whose signature was verified, and the key as the provider published it."""

    claims: Claims
    header: Mapping[str, object]
    published_key: Mapping[str, object]


@dataclass(frozen=True)
class IdToken:
    """A verified ID token (OpenID Connect Core §2). It holds personal data."""

    subject: str
    claims: Claims = field(repr=False)


@dataclass(frozen=True)
class IdTokenRules:
    """What an ID token must say to be accepted."""

    client_id: str
    # Returns True if `iss` is right, and the key may sign for it.
    accepts_issuer: Callable[[SignedClaims], bool]
    algorithms: tuple[str, ...] = ALGORITHMS


def read_signed(token: object, keys: SigningKeys, algorithms: tuple[str, ...]) -> SignedClaims:
    """Verify the signature of a compact JWS and return its claims, which are not checked yet.

    Raises `ProviderRefusal`: INVALID_ANSWER, or UNAVAILABLE if the keys cannot be fetched.
    """
    if not isinstance(token, str) or not 0 < len(token) <= _TOKEN_CHARACTERS:
        raise refused("no signed token of sensible size")
    try:
        header = read_jws_header(token)
        key_id = header.get("kid")
        if header.get("alg") not in algorithms or not isinstance(key_id, str | None):
            raise refused("signed with an algorithm that is not accepted")
        signing_key = keys.find(key_id)
        registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
        verified = jws.deserialize_compact(token, signing_key.key, registry=registry)
        claims = read_json_object(with_replacements(verified.payload))
    except (JoseError, ValueError, TypeError) as error:
        raise refused("the signature does not verify") from error
    return SignedClaims(claims, header, signing_key.published)


def verify_id_token(
    token: object, keys: SigningKeys, rules: IdTokenRules, *, nonce: str, now: datetime
) -> IdToken:
    """Return an ID token of this issuer, for this client and this sign-in, that has not expired.

    Raises `ProviderRefusal`: INVALID_ANSWER, or UNAVAILABLE if the keys cannot be fetched.
    """
    signed = read_signed(token, keys, rules.algorithms)
    claims = signed.claims
    if signed.header.get("typ", "JWT") != "JWT" or "events" in claims:
        raise refused("another kind of token")
    if not rules.accepts_issuer(signed):
        raise refused("issued by another")
    _check_registered_claims(claims, rules.client_id, now)
    _check_authorized_party(claims, rules.client_id)
    _check_nonce(claims, nonce)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_CHARACTERS or not subject.isascii():
        raise refused("no subject")
    return IdToken(subject, claims)


def refused(cause: str) -> ProviderRefusal:
    """Return the refusal of a token."""
    return ProviderRefusal(Refusal.INVALID_ANSWER, cause)


def _check_registered_claims(claims: Claims, client_id: str, now: datetime) -> None:
    required = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        required.validate(dict(claims))
    except JoseError as error:
        raise refused("for another client, expired, not yet valid, or without times") from error


def _check_authorized_party(claims: Claims, client_id: str) -> None:
    audience = claims.get("aud")
    is_for_several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", client_id) != client_id or (is_for_several and "azp" not in claims):
        raise refused("given to another client")


def _check_nonce(claims: Claims, nonce: str) -> None:
    given = claims.get("nonce")
    if not isinstance(given, str) or not nonce or not is_same(given, nonce):
        raise refused("of another sign-in")
