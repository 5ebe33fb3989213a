"""Signed authorization requests (RFC 9101): the parameters in a JWT that the client signs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core.errors import RequestNotSupportedError

from identity.clock import Clock
from identity.oidc.client_authentication.key_sets import ClientKeySets
from identity.oidc.protocol.lifetimes import INTERACTION
from identity.oidc.protocol.parameters import Parameters
from identity.oidc.protocol.replay_store import SingleUse, check_unspent, single_use
from identity.oidc.protocol.signed_jwts import (
    JwtRefusedError,
    UnverifiedJwt,
    identifier,
    moment,
    parse_unverified,
)
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage

_TYPES = (None, "jwt", "oauth-authz-req+jwt")
# Claims about the JWT, not parameters.
_OF_THE_JWT = frozenset(("iss", "aud", "exp", "nbf", "iat", "jti", "sub"))
_LONGEST_LIFE = timedelta(hours=1)
_SKEW = timedelta(seconds=10)
_MOST_PARAMETERS = 50


class InvalidRequestObjectError(OAuth2Error):
    """The request object is not valid (RFC 9101 §7)."""

    error = "invalid_request_object"


@dataclass(frozen=True)
class ResolvedRequest:
    """The parameters of an authorization request that count."""

    parameters: Parameters
    # The pushed request or the request object, if it works once: spent with the code, or when it is pushed.
    single_use: tuple[SingleUse, ...] = ()


class RequestObjects:
    """Reads request objects."""

    def __init__(self, storage: Storage, clock: Clock, keys: ClientKeySets, issuer: str) -> None:
        self._storage, self._clock, self._keys, self._issuer = storage, clock, keys, issuer

    def read(self, text: str, client: RegisteredClient) -> ResolvedRequest:
        """Return the parameters that the client signed; whatever stood beside them does not count (§6.3).

        Nothing is spent by it. Raises `InvalidRequestObjectError`, and `request_not_supported` for a client
        that registered no keys.
        """
        if client.jwks is None and not client.jwks_uri:
            raise RequestNotSupportedError
        try:
            jwt = parse_unverified(text, _TYPES)
            self._check_signature(jwt, client)
            expires = self._check_claims(jwt, client)
            parameters = Parameters(_parameters(jwt.claims))
            return ResolvedRequest(parameters, self._unspent(jwt, client, expires))
        except JwtRefusedError as error:
            raise InvalidRequestObjectError(f"The request object {error}.") from None

    def _check_signature(self, jwt: UnverifiedJwt, client: RegisteredClient) -> None:
        if not client.may_sign_with(jwt.alg):
            raise JwtRefusedError("is not signed with PS256, ES256 or EdDSA")
        if not jwt.is_signed_by(self._keys.find_keys(client, jwt.alg, jwt.kid)):
            raise JwtRefusedError("is not signed with a key of the client")

    def _check_claims(self, jwt: UnverifiedJwt, client: RegisteredClient) -> datetime:
        """Return when the request object expires."""
        claims, now = jwt.claims, self._clock.now()
        audience = claims.get("aud")
        if claims.get("iss") != client.id or claims.get("client_id") != client.id:
            raise JwtRefusedError("does not name the client in iss and client_id")
        if claims.get("sub") == client.id:
            # RFC 9101 §10.8: it could pass for a client assertion elsewhere.
            raise JwtRefusedError("names the client in sub")
        if audience != self._issuer and not (isinstance(audience, list) and self._issuer in audience):
            raise JwtRefusedError("is not for this issuer (aud)")
        if "request" in claims or "request_uri" in claims:
            raise JwtRefusedError("contains another request")
        expires, begins, issued = (moment(claims, name) for name in ("exp", "nbf", "iat"))
        if expires is None or not now < _time(expires) <= now + _LONGEST_LIFE + _SKEW:
            raise JwtRefusedError("has no exp within the next hour")
        if any(_time(start) > now + _SKEW for start in (begins, issued) if start is not None):
            raise JwtRefusedError("is from the future")
        if begins is not None and _time(begins) < now - _LONGEST_LIFE:
            raise JwtRefusedError("is older than an hour (nbf)")
        return _time(expires)

    def _unspent(
        self, jwt: UnverifiedJwt, client: RegisteredClient, expires: datetime
    ) -> tuple[SingleUse, ...]:
        jti = identifier(jwt.claims)
        if jti is None:
            return ()
        refusal = InvalidRequestObjectError("The request object was used before (jti).")
        # It may wait for its resident in several browsers.
        use = single_use("request object", client.id, jti, expires + INTERACTION, refusal)
        check_unspent(self._storage, use)
        return (use,)


def _parameters(claims: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if len(claims) > _MOST_PARAMETERS:
        raise JwtRefusedError("has too many claims")
    for name, value in claims.items():
        if name in _OF_THE_JWT or value is None:
            continue
        several = value if name == "resource" and isinstance(value, list) else [value]
        for one in several:
            yield name, _text(name, one)


def _text(name: str, value: object) -> str:
    """Return the parameter that a claim stands for (RFC 9101 §4: numbers and objects as JSON)."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | dict) and not isinstance(value, bool):
        return json.dumps(value)
    printable = "".join(c for c in name[:64] if c.isascii() and (c.isalnum() or c in "_-."))
    raise JwtRefusedError(f"has a claim that is no parameter: {printable}")


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
