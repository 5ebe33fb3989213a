"""The tokens of a session: sealed at rest, refreshed before they expire, by one request at a time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from portal.clock import Clock
from portal.errors import Reason, Refused
from portal.identity_client.client import AccessToken, IdentityClient, SignInTokens
from portal.sealing import Keyring, SealBrokenError
from portal.storage import Storage
from portal.web.sessions.store import Sessions

PURPOSE = "tokens"
# A token is fetched anew when it has less than this to live: longer than a call takes.
MARGIN_SECONDS = 30
# How often, and how many times, a request looks whether another has brought the token it needs.
LOOK_EVERY_SECONDS = 0.1
LOOKS = 60


@dataclass(frozen=True)
class TokenSet:
    """What a session holds: ID token (for sign-out), refresh token, an access token for each resource."""

    id_token: str
    refresh_token: str
    access: Mapping[str, AccessToken]

    def live(self, resource: str, now: int) -> AccessToken | None:
        """Return the access token for a resource, unless it expires soon."""
        token = self.access.get(resource)
        return token if token and token.expires_at - MARGIN_SECONDS > now else None


class TokenSeal:
    """Seals a token set for one session and opens it again."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, session_id: str, tokens: TokenSet, now: int) -> str:
        """Return the tokens as text for the database."""
        access = {name: [token.value, token.expires_at] for name, token in tokens.access.items()}
        values: dict[str, object] = {
            "id_token": tokens.id_token,
            "refresh_token": tokens.refresh_token,
            "access": access,
        }
        return self._keyring.seal(PURPOSE, session_id, values, now=now)

    def open(self, session_id: str, sealed: str) -> TokenSet:
        """Return the tokens; raises `SealBrokenError` once the key they were sealed with is gone."""
        values = self._keyring.open(PURPOSE, session_id, sealed, now=0)
        access = values["access"]
        assert isinstance(access, dict)  # noqa: S101 - as `seal` wrote it, and nobody else can
        return TokenSet(
            str(values["id_token"]),
            str(values["refresh_token"]),
            {name: AccessToken(value, expires_at) for name, (value, expires_at) in access.items()},
        )


class SessionTokens:
    """Hands out a session's access tokens."""

    def __init__(
        self,
        storage: Storage,
        seal: TokenSeal,
        identity: IdentityClient,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._storage, self._seal, self._identity, self._clock = storage, seal, identity, clock
        self._pause = pause

    def access_token(self, session_id: str, resource: str, *, not_this: str = "") -> str:
        """Return an access token for the resource that lives long enough to be used.

        `not_this` is a token that was refused just now. Raises GRANT_ENDED when there is nothing to fetch one
        with, IDENTITY_UNAVAILABLE when identity cannot be asked.
        """
        for _ in range(LOOKS):
            held, refreshing = self._held(session_id)
            token = held.live(resource, self._now())
            if token and token.value != not_this:
                return token.value
            if not held.refresh_token:
                raise Refused(Reason.GRANT_ENDED, "no refresh token")
            fresh = None if refreshing else self._refresh(session_id, resource, not_this)
            if fresh:
                return fresh
            self._pause(LOOK_EVERY_SECONDS)
        raise Refused(Reason.IDENTITY_UNAVAILABLE, "another request is still refreshing")

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _held(self, session_id: str) -> tuple[TokenSet, bool]:
        with self._storage.transaction() as session:
            held = Sessions(session).tokens_of(session_id, self._clock.now())
        if held is None:
            raise Refused(Reason.GRANT_ENDED, "the session is over")
        return self._open(session_id, held.sealed_tokens), held.refreshing

    def _open(self, session_id: str, sealed: str) -> TokenSet:
        try:
            return self._seal.open(session_id, sealed)
        except SealBrokenError:
            raise Refused(Reason.GRANT_ENDED, "sealed with a key that is gone") from None

    def _refresh(self, session_id: str, resource: str, not_this: str) -> str | None:
        """Refresh, alone; None if another request was first. No transaction is open meanwhile."""
        with self._storage.transaction() as session:
            sealed = Sessions(session).claim_refresh(session_id, self._clock.now())
        if sealed is None:
            return None
        kept: str | None = None
        try:
            tokens = self._open(session_id, sealed)
            brought = tokens.live(resource, self._now())
            if brought and brought.value != not_this:
                return brought.value
            fresh = self._identity.refresh(tokens.refresh_token, resource)
            tokens = replace(
                tokens,
                refresh_token=fresh.refresh_token,
                access={**tokens.access, resource: fresh.access_token},
            )
            kept = self._seal.seal(session_id, tokens, self._now())
            return fresh.access_token.value
        finally:
            with self._storage.transaction() as session:
                Sessions(session).release_refresh(session_id, kept)


def first_tokens(tokens: SignInTokens, resource: str) -> TokenSet:
    """Return what a sign-in brought, as a session keeps it."""
    return TokenSet(tokens.id_token, tokens.refresh_token, {resource: tokens.access_token})
