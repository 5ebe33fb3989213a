"""Resource indicators (RFC 8707): the audience of an access token, and the scope that belongs to it."""

from collections.abc import Collection, Iterable

from identity.oidc.protocol.errors import InvalidTargetError
from identity.oidc.protocol.scopes import check_within, known_part, read_scope
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient

# The scopes of userinfo; every other scope belongs to a resource.
OWN_SCOPES = ("openid", "profile", "email", "offline_access")


class ResourceIndicators:
    """Checks requested resources. The issuer stands for userinfo, which every client may request."""

    def __init__(self, relying_parties: RelyingPartyCache, issuer: str) -> None:
        self._relying_parties, self._issuer = relying_parties, issuer

    def granted_resources(self, requested: Iterable[str], client: RegisteredClient) -> tuple[str, ...]:
        """Return the requested resources beside userinfo; raises `InvalidTargetError`."""
        wanted = tuple(dict.fromkeys(uri for uri in requested if uri != self._issuer))
        if any(uri not in client.resources for uri in wanted):
            raise InvalidTargetError
        return wanted

    def requested_resource(self, requested: list[str], client: RegisteredClient) -> str | None:
        """Return the one requested resource, or None; raises `InvalidTargetError` unless it is known."""
        if len(requested) > 1:
            raise InvalidTargetError("Ask for one resource at a time: a token has one audience.")
        if not requested:
            # One of these was granted, perhaps: it is read now, before anything is spent.
            for resource in client.resources:
                self._relying_parties.resource(resource)
            return None
        self.scope_at(requested[0], ())
        return requested[0]

    def to_be_granted(self, requested: str | None) -> str | None:
        """Return the requested resource if a token for it takes a grant of it; None for userinfo."""
        return None if requested == self._issuer else requested

    def audience(self, requested: str | None, granted: tuple[str, ...]) -> str:
        """Return the audience of the token; raises `InvalidTargetError` (RFC 8707 §2.2).

        Without a requested resource it is the granted one if there is exactly one, else userinfo.
        """
        if requested is None:
            return granted[0] if len(granted) == 1 else self._issuer
        if requested != self._issuer and requested not in granted:
            raise InvalidTargetError
        return requested

    def single_resource(self, requested: list[str], allowed: Collection[str]) -> str:
        """Return the one requested resource beside userinfo; raises `InvalidTargetError`.

        Without a requested resource it is the allowed one if there is exactly one.
        """
        wanted = requested or list(allowed)
        if len(wanted) != 1 or wanted[0] not in allowed:
            raise InvalidTargetError
        return wanted[0]

    def narrowed_scope(self, audience: str, requested: str | None, most: Iterable[str]) -> tuple[str, ...]:
        """Return the requested scope at the audience, or without one all of `most` that it knows.

        Raises `InvalidScopeError` for more than that, or for nothing (RFC 6749 §3.3, §5.2).
        """
        available = self.scope_at(audience, most)
        wanted = read_scope(requested) if requested else available
        check_within(wanted, available)
        return wanted

    def scope_at(self, audience: str, scope: Iterable[str]) -> tuple[str, ...]:
        """Return the part of a scope that the audience knows (ASVS 5.0 10.4.11).

        Raises `InvalidTargetError` for an unknown resource.
        """
        if audience == self._issuer:
            return tuple(s for s in scope if s in OWN_SCOPES)
        resource = self._relying_parties.resource(audience)
        if resource is None:
            raise InvalidTargetError
        return tuple(s for s in scope if s in resource.scopes)


def allowed_scope(requested: str, client: RegisteredClient) -> str:
    """Return the part of a scope that the client registered; the rest is ignored (Core §3.1.2.1).

    Raises `InvalidScopeError` where nothing is left.
    """
    return " ".join(known_part(read_scope(requested), client.scopes))
