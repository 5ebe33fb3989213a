"""The signed tokens: access tokens (RFC 9068) and ID tokens (OpenID Connect Core §2), made and read."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import CompactSignature, JWSRegistry

from identity.clock import Clock
from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.binding import confirmation_in
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN, CLOCK_SKEW, ID_TOKEN, LOGOUT_TOKEN
from identity.oidc.tokens import claims
from identity.randomness import identifier
from identity.relying_parties.clients import RegisteredClient
from identity.signing_keys.key_set import KeySet, ParsedKey
from identity.signing_keys.rotation import ALGORITHMS

ACCESS_TOKEN_ALGORITHM = "ES256"  # noqa: S105 - an algorithm's name
ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105 - a media type
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# Characters: ours are below 2,000; nothing longer is parsed.
_LONGEST = 8192


class _OurAlgorithms(JWSRegistry):
    """Those of our keys, without joserfc's warning about the name EdDSA, for which clients know no other."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - joserfc's model
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_SIGNATURES = _OurAlgorithms()


class TokenRefusedError(Exception):
    """A presented token is not one of ours, not of the wanted kind, or over."""


@dataclass(frozen=True)
class AccessTokenClaims:
    """What userinfo, and an exchange, need of an access token."""

    subject: str
    client_id: str
    grant_id: str
    scope: tuple[str, ...]
    expires_at: datetime
    # `cnf`: whose proof the bearer has to bring; empty for anybody.
    confirmation: Mapping[str, str]


@dataclass(frozen=True)
class IdTokenHint:
    """What an ID token tells when it comes back as a hint."""

    subject: str
    client_id: str
    session_id: str | None


class Tokens:
    """Makes and reads tokens of this issuer."""

    def __init__(self, key_set: KeySet, clock: Clock, issuer: str) -> None:
        self._key_set, self._clock, self._issuer = key_set, clock, issuer

    def access_token(
        self,
        facts: GrantView,
        client: RegisteredClient,
        audience: str,
        scope: Collection[str],
        *,
        confirmation: Mapping[str, str] | None,
        lifetime: timedelta = ACCESS_TOKEN,
    ) -> str:
        """Return an access token for one audience (RFC 9068 §2), bound to its sender by `cnf` (RFC 7800)."""
        # Resources know a resident by one `sub`, whichever client asks; here it is the client's own.
        is_for_us = audience == self._issuer
        subject = client.subject_of(facts.resident_id) if is_for_us else facts.resident_id
        content = self._access_token_content(subject, client, audience, scope, lifetime) | {
            "sid": facts.session_id,
            "auth_time": _seconds(facts.authenticated_at),
            "acr": facts.acr,
            "amr": list(facts.amr),
            "grant": facts.id,
        }
        if not is_for_us:
            content |= claims.for_resource(facts, client.city_id)
        return self._sign_access_token(content, confirmation)

    def client_access_token(
        self,
        client: RegisteredClient,
        audience: str,
        scope: Collection[str],
        *,
        confirmation: Mapping[str, str] | None,
    ) -> str:
        """Return an access token in which the client speaks for itself (RFC 9068 §2.2: it is the `sub`)."""
        content = self._access_token_content(client.id, client, audience, scope, ACCESS_TOKEN)
        return self._sign_access_token(content | {"city": client.city_id}, confirmation)

    def _access_token_content(
        self,
        subject: str,
        client: RegisteredClient,
        audience: str,
        scope: Collection[str],
        lifetime: timedelta,
    ) -> dict[str, object]:
        now = self._clock.now()
        return {
            "iss": self._issuer,
            "sub": subject,
            "aud": audience,
            "client_id": client.id,
            "iat": _seconds(now),
            "exp": _seconds(now + lifetime),
            "jti": identifier(),
            "scope": " ".join(scope),
        }

    def id_token(
        self, facts: GrantView, client: RegisteredClient, access_token: str, nonce: str | None
    ) -> str:
        """Return an ID token: who signed in, when and how, and of the resident what was asked for by name."""
        now, alg = self._clock.now(), client.id_token_signed_response_alg
        content: dict[str, object] = {
            "iss": self._issuer,
            "sub": client.subject_of(facts.resident_id),
            "aud": client.id,
            "exp": _seconds(now + ID_TOKEN),
            "iat": _seconds(now),
            "auth_time": _seconds(facts.authenticated_at),
            "acr": facts.acr,
            "amr": list(facts.amr),
            "sid": facts.session_id,
            "at_hash": at_hash(access_token, alg),
            **claims.about_resident(facts, scope=(), names=facts.id_token_claims),
        }
        if nonce is not None:
            content["nonce"] = nonce
        return self._sign(content, alg, "JWT")

    def userinfo(self, client: RegisteredClient, told: Mapping[str, object]) -> str:
        """Return what userinfo tells a client that registered to have it signed (Core §5.3.2).

        Without `iat` and `exp` nobody, nor we, can take it for an ID token.
        """
        content = {"iss": self._issuer, "aud": client.id, **told}
        return self._sign(content, client.userinfo_signed_response_alg, "JWT")

    def logout_token(self, client: RegisteredClient, resident_id: str, session_id: str) -> str:
        """Return a logout token (Back-Channel Logout §2.4), signed as the client's ID tokens."""
        now = self._clock.now()
        content: dict[str, object] = {
            "iss": self._issuer,
            "sub": client.subject_of(resident_id),
            "aud": client.id,
            "iat": _seconds(now),
            "exp": _seconds(now + LOGOUT_TOKEN),
            "jti": identifier(),
            "events": {LOGOUT_EVENT: {}},
            "sid": session_id,
        }
        return self._sign(content, client.id_token_signed_response_alg, LOGOUT_TOKEN_TYPE)

    def read_access_token(self, token: str) -> AccessTokenClaims:
        """Return what a token for userinfo says; raises `TokenRefusedError`.

        The kind is checked by `typ`: an ID token, or a token for another resource, is none (RFC 9068 §4).
        """
        content = self.open_access_token(token)
        if content.get("aud") != self._issuer:
            raise TokenRefusedError
        return AccessTokenClaims(
            subject=str(content.get("sub")),
            client_id=str(content.get("client_id")),
            grant_id=str(content.get("grant")),
            scope=tuple(str(content.get("scope", "")).split()),
            expires_at=datetime.fromtimestamp(int(str(content.get("exp"))), UTC),
            confirmation=confirmation_in(content),
        )

    def open_access_token(self, token: str) -> dict[str, object]:
        """Return all that an access token of ours says, whoever it is for; raises `TokenRefusedError`.

        Whether its grant still stands is for the caller to find out.
        """
        header, content = self._verify(token)
        expires = content.get("exp")
        if str(header.get("typ", "")).lower() not in (ACCESS_TOKEN_TYPE, f"application/{ACCESS_TOKEN_TYPE}"):
            raise TokenRefusedError
        if not isinstance(expires, int) or expires <= _seconds(self._clock.now()):
            raise TokenRefusedError
        return content

    def read_id_token_hint(self, token: str) -> IdTokenHint:
        """Return what an ID token of ours says, expired or not (RP-Initiated Logout §2).

        Raises `TokenRefusedError`.
        """
        header, content = self._verify(token)
        subject, audience, session_id = content.get("sub"), content.get("aud"), content.get("sid")
        if header.get("typ") != "JWT" or not isinstance(subject, str) or not isinstance(audience, str):
            raise TokenRefusedError
        return IdTokenHint(subject, audience, session_id if isinstance(session_id, str) else None)

    def _sign_access_token(self, content: dict[str, object], confirmation: Mapping[str, str] | None) -> str:
        bound = content if confirmation is None else content | {"cnf": dict(confirmation)}
        return self._sign(bound, ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE)

    def _sign(self, content: dict[str, object], alg: str, kind: str) -> str:
        key = self._key_set.signing_key(alg)
        return jwt.encode({"alg": alg, "typ": kind, "kid": key.kid}, content, key.key, registry=_SIGNATURES)

    def _verify(self, token: str) -> tuple[dict[str, object], dict[str, object]]:
        if len(token) > _LONGEST or not token.isascii():
            raise TokenRefusedError
        try:
            decoded = jwt.decode(token, self._find_key, registry=_SIGNATURES)
        except (JoseError, ValueError, TypeError):
            raise TokenRefusedError from None
        if decoded.claims.get("iss") != self._issuer or not self._is_of_the_past(decoded.claims):
            raise TokenRefusedError
        return dict(decoded.header), decoded.claims

    def _is_of_the_past(self, content: dict[str, object]) -> bool:
        # The clocks of two processes differ a little.
        latest = _seconds(self._clock.now() + CLOCK_SKEW)
        times = (content.get("iat"), content.get("nbf", 0))
        return all(isinstance(time, int) and time <= latest for time in times)

    def _find_key(self, signature: object) -> Key:
        # The algorithm is the key's, never the header's choice (RFC 8725 §3.1).
        header = signature.headers() if isinstance(signature, CompactSignature) else {}
        key: ParsedKey | None = self._key_set.verifying_key(str(header.get("kid")))
        if key is None or key.alg != header.get("alg"):
            raise TokenRefusedError
        return key.key


def at_hash(token: str, alg: str) -> str:
    """Return the left half of the token's hash in base64url: `at_hash` (OpenID Connect Core §3.1.3.6).

    The hash is that of the algorithm: of Ed25519, SHA-512 (RFC 8032 §5.1).
    """
    whole = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(token.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
