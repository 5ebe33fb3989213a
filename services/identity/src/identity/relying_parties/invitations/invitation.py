"""Invitations and self-registrations as frozen values, independent of the database."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from identity.relying_parties import redirect_uris
from identity.relying_parties.schemas import ClientRegistration
from identity.secret_keys import digest

# A client's single addresses, all of them at its hosts: also those that residents are shown.
_ADDRESSES = (
    *("initiate_login_uri", "jwks_uri", "backchannel_logout_uri", "sector_identifier_uri"),
    *("logo_uri", "policy_uri", "tos_uri"),
)


class InvitationState(StrEnum):
    """Whether an invitation can still be used, and if not, why."""

    OPEN = "open"
    USED_UP = "used up"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Invitation:
    """What may be registered with an initial access token (RFC 7591 §3). Times are UTC."""

    id: str
    city_id: str
    redirect_hosts: frozenset[str]
    scopes: frozenset[str]
    grant_types: frozenset[str]
    # False: its clients may go without PKCE, unless they are public.
    pkce_required: bool
    registrations_left: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def state(self, now: datetime) -> InvitationState:
        """Return its state at this time."""
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        if self.registrations_left == 0:
            return InvitationState.USED_UP
        return InvitationState.OPEN if now < self.expires_at else InvitationState.EXPIRED

    def problems_with(self, client: ClientRegistration) -> list[str]:
        """Return what the invitation does not allow the client, one line for each field."""
        return [
            f"{name}: the invitation does not allow {', '.join(sorted(beyond))}"
            for name, beyond in self._beyond(client)
            if beyond
        ]

    def _beyond(self, client: ClientRegistration) -> Iterable[tuple[str, set[str]]]:
        yield "scopes", set(client.scopes - self.scopes)
        yield "grant_types", set(client.grant_types - self.grant_types)
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            yield name, {uri for uri in getattr(client, name) if not self._is_at_allowed_host(uri)}
        for name in _ADDRESSES:
            yield name, {uri for uri in [getattr(client, name)] if uri and not self._is_at_allowed_host(uri)}
        # The one URL that identity posts to: not one on its own machine (http is for loopback only).
        called = client.backchannel_logout_uri
        yield "backchannel_logout_uri", {called} if called and urlsplit(called).scheme != "https" else set()

    def _is_at_allowed_host(self, uri: str) -> bool:
        return redirect_uris.site_of(uri) in self.redirect_hosts


@dataclass(frozen=True)
class SelfRegistration:
    """A client that registered itself, and the invitation that it used."""

    client_id: str
    token_digest: str
    registered_at: datetime
    invitation: Invitation

    def accepts_token(self, token: str) -> bool:
        """Tell whether this is its registration access token (RFC 7592 §3), in constant time."""
        return hmac.compare_digest(digest(token), self.token_digest)
