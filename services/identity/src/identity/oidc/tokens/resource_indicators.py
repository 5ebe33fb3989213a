"""Resource indicators (RFC 8707): for whom an access token is, and what of the scope goes with it."""

from collections.abc import Collection, Iterable

from authlib.oauth2.rfc6749 import InvalidScopeError

from identity.oidc.protocol.errors import InvalidTargetError
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient

# What userinfo answers to; every other scope belongs to a resource.
OWN_SCOPES = ("openid", "profile", "email", "offline_access")


class ResourceIndicators:
    """Checks requested resources. The issuer stands for userinfo, which every client may ask for."""

    def __init__(self, relying_parties: RelyingPartyCache, issuer: str) -> None:
        self._relying_parties, self._issuer = relying_parties, issuer

    def granted(self, requested: Iterable[str], client: RegisteredClient) -> tuple[str, ...]:
        """Return the resources beside userinfo that are asked for; raises `InvalidTargetError`."""
        wanted = tuple(dict.fromkeys(uri for uri in requested if uri != self._issuer))
        if any(uri not in client.resources for uri in wanted):
            raise InvalidTargetError
        return wanted

    def audience(self, requested: list[str], granted: tuple[str, ...]) -> str:
        """Return whom the token is for; raises `InvalidTargetError` (RFC 8707 §2.2).

        Without a wish it is the granted resource if there is exactly one, else userinfo.
        """
        if len(requested) > 1:
            raise InvalidTargetError("Ask for one resource at a time: a token has one audience.")
        if not requested:
            return granted[0] if len(granted) == 1 else self._issuer
        if requested[0] != self._issuer and requested[0] not in granted:
            raise InvalidTargetError
        return requested[0]

    def sole(self, requested: list[str], allowed: Collection[str]) -> str:
        """Return the one resource beside userinfo that is asked for; raises `InvalidTargetError`.

        Without a wish it is the allowed one if there is exactly one.
        """
        wanted = requested or list(allowed)
        if len(wanted) != 1 or wanted[0] not in allowed:
            raise InvalidTargetError
        return wanted[0]

    def narrowed(self, audience: str, requested: str | None, most: Iterable[str]) -> tuple[str, ...]:
        """Return the scope that is asked for at the audience, or all that may be had there.

        Raises `InvalidScopeError` for more than that, or for nothing (RFC 6749 §3.3, §5.2).
        """
        available = self.scope_at(audience, most)
        wanted = tuple(dict.fromkeys(requested.split())) if requested else available
        if not wanted or not set(wanted) <= set(available):
            raise InvalidScopeError("The scope is more than may be had at this resource, or nothing.")
        return wanted

    def scope_at(self, audience: str, scope: Iterable[str]) -> tuple[str, ...]:
        """Return the part of a scope that means something to the audience (ASVS 5.0 10.4.11)."""
        if audience == self._issuer:
            return tuple(s for s in scope if s in OWN_SCOPES)
        resource = self._relying_parties.resource(audience)
        if resource is None:
            raise InvalidTargetError
        return tuple(s for s in scope if s in resource.scopes)
