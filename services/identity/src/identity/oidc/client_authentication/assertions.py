"""`private_key_jwt`: client authentication by a signed JWT (RFC 7523 §2.2, OpenID Connect Core §9)."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from identity.clock import Clock
from identity.oidc.client_authentication.key_sets import ClientKeySets
from identity.oidc.protocol.errors import ClientRefusedError
from identity.oidc.protocol.replay_store import SingleUse, check_unspent, single_use
from identity.oidc.protocol.signed_jwts import (
    JwtRefusedError,
    UnverifiedJwt,
    identifier,
    moment,
    parse_unverified,
)
from identity.relying_parties.client_keys import ALGORITHMS
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
METHOD = "private_key_jwt"
# Not those of other JWTs that clients sign: a request object is no assertion.
_TYPES = (None, "jwt", "client-authentication+jwt")
_LONGEST_LIFE = timedelta(minutes=5)
# For clients whose clock is ahead.
_SKEW = timedelta(seconds=10)


class ClientAssertions:
    """Checks client assertions: each works once, and for this issuer only."""

    def __init__(self, storage: Storage, clock: Clock, keys: ClientKeySets, issuer: str) -> None:
        self._storage, self._clock, self._keys, self._issuer = storage, clock, keys, issuer
        self._audiences = (issuer, f"{issuer}/token")

    def named_client(self, assertion: str) -> str:
        """Return the client id in an assertion that is not verified yet; raises `ClientRefusedError`."""
        claims = _parse(assertion).claims
        named = claims.get("sub")
        if not isinstance(named, str) or claims.get("iss") != named:
            raise ClientRefusedError("The client assertion's iss and sub are not both the client_id.")
        return named

    def verify(self, assertion: str, client: RegisteredClient, endpoint: str) -> SingleUse:
        """Return the one use of an assertion that the client signed for this issuer, now, and sends first.

        It is not spent by this. Raises `ClientRefusedError`. `endpoint` is the address of the request, one
        more audience (RFC 9126 §2).
        """
        jwt = _parse(assertion)
        allowed = [alg for alg in ALGORITHMS if client.may_sign_with(alg)]
        if jwt.alg not in allowed:
            raise ClientRefusedError(f"The client assertion is not signed with one of {', '.join(allowed)}.")
        if not jwt.is_signed_by(self._keys.find_keys(client, jwt.alg, jwt.kid)):
            raise ClientRefusedError("The client assertion is not signed with a key of the client.")
        try:
            return self._verify_claims(jwt, client, (*self._audiences, endpoint))
        except JwtRefusedError as error:
            raise ClientRefusedError(f"The client assertion {error}.") from None

    def _verify_claims(
        self, jwt: UnverifiedJwt, client: RegisteredClient, audiences: Collection[str]
    ) -> SingleUse:
        claims, now = jwt.claims, self._clock.now()
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            raise JwtRefusedError("does not name the client in iss and sub")
        audience = claims.get("aud")
        # One audience: an assertion that is valid elsewhere too could be replayed here.
        if isinstance(audience, list) and len(audience) == 1 and not client.follows_fapi2:
            [audience] = audience
        if audience not in ((self._issuer,) if client.follows_fapi2 else tuple(audiences)):
            raise JwtRefusedError("is not for this issuer alone (aud)")
        expires = moment(claims, "exp")
        if expires is None or not now < _time(expires) <= now + _LONGEST_LIFE + _SKEW:
            raise JwtRefusedError("has no exp within the next five minutes")
        for name in ("iat", "nbf"):
            begins = moment(claims, name)
            if begins is not None and _time(begins) > now + _SKEW:
                raise JwtRefusedError(f"is from the future ({name})")
        jti = identifier(claims)
        if jti is None:
            raise JwtRefusedError("has no jti")
        refusal = ClientRefusedError("The client assertion was used before (jti).")
        use = single_use("client assertion", client.id, jti, _time(expires), refusal)
        check_unspent(self._storage, use)
        return use


def _parse(assertion: str) -> UnverifiedJwt:
    try:
        return parse_unverified(assertion, _TYPES)
    except JwtRefusedError as error:
        raise ClientRefusedError(f"The client assertion {error}.") from None


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
