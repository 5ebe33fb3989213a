"""Resource indicators (RFC 8707): for whom an access token is, and what of the scope goes with it."""

from collections.abc import Iterable

from identity.oidc.errors import InvalidTargetError
from identity.relying_parties.directory import Directory
from identity.relying_parties.registered import RegisteredClient

# What userinfo answers to; every other scope belongs to a resource.
OWN_SCOPES = ("openid", "profile", "email", "offline_access")


class ResourceIndicators:
    """Checks requested resources. The issuer stands for userinfo, which every client may ask for."""

    def __init__(self, directory: Directory, issuer: str) -> None:
        self._directory, self._issuer = directory, issuer

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

    def scope_at(self, audience: str, scope: Iterable[str]) -> tuple[str, ...]:
        """Return the part of a scope that means something to the audience (ASVS 5.0 10.4.11)."""
        if audience == self._issuer:
            return tuple(s for s in scope if s in OWN_SCOPES)
        resource = self._directory.resource(audience)
        if resource is None:
            raise InvalidTargetError
        return tuple(s for s in scope if s in resource.scopes)
