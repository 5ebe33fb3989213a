"""The tokens of a session: encrypted at rest, refreshed before they expire, by one request at a time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from portal.clock import Clock
from portal.errors import GrantEndedError, IdentityUnavailableError
from portal.identity_client.call_limit import CallLimit
from portal.identity_client.client import AccessToken, IdentityClient, SignInTokens
from portal.secret_keys import DecryptionError, SecretKeys
from portal.storage import Storage
from portal.web.sessions.store import LiveSession, Sessions, StoredTokens

PURPOSE = "tokens"
# A token that expires sooner than this is refreshed: longer than a call takes.
MARGIN_SECONDS = 30
# How often, and how many times, a request checks whether another has refreshed the token it needs.
CHECK_INTERVAL_SECONDS = 0.1
CHECKS = 60
# Of the 24 threads of a process (`portal.cli.serve`), so many may wait for a refresh by another.
WAITING = 4


@dataclass(frozen=True)
class TokenSet:
    """A session's tokens, all secrets. `access` is by resource indicator; the ID token is for sign-out."""

    id_token: str
    refresh_token: str
    access: Mapping[str, AccessToken]

    def live(self, resource: str, now: int) -> AccessToken | None:
        """Return the access token for a resource; None if there is none or it expires soon."""
        token = self.access.get(resource)
        return token if token and token.expires_at - MARGIN_SECONDS > now else None


class TokenCipher:
    """Encrypts the tokens of one session."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._secret_keys = secret_keys

    def encrypt(self, session_id: str, tokens: TokenSet, now: int) -> str:
        """Return the tokens, encrypted for the database; `now` in Unix seconds."""
        access = {name: [token.value, token.expires_at] for name, token in tokens.access.items()}
        values: dict[str, object] = {
            "id_token": tokens.id_token,
            "refresh_token": tokens.refresh_token,
            "access": access,
        }
        return self._secret_keys.encrypt(PURPOSE, session_id, values, now=now)

    def decrypt(self, session_id: str, sealed: str) -> TokenSet:
        """Return the tokens; raises `DecryptionError` if their key is no longer configured."""
        values = self._secret_keys.decrypt(PURPOSE, session_id, sealed, now=0)
        access = values["access"]
        assert isinstance(access, dict)  # noqa: S101 - as `encrypt` wrote it
        return TokenSet(
            str(values["id_token"]),
            str(values["refresh_token"]),
            {name: AccessToken(value, expires_at) for name, (value, expires_at) in access.items()},
        )


class SessionTokens:
    """A session's access tokens, refreshed when needed."""

    def __init__(
        self,
        storage: Storage,
        cipher: TokenCipher,
        identity: IdentityClient,
        clock: Clock,
        limit: CallLimit,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._storage, self._cipher, self._identity, self._clock = storage, cipher, identity, clock
        self._limit, self._pause, self._waiting = limit, pause, threading.BoundedSemaphore(WAITING)

    def access_token(self, live: LiveSession, resource: str, *, not_this: str = "") -> str:
        """Return an access token for the resource that is good for 30 seconds or more.

        `not_this` is a token that the resource has refused. Raises `GrantEndedError`, or
        `IdentityUnavailableError` if identity cannot be asked.
        """
        # What was read with the session is read again only where it did not serve.
        stored = self._load(live.id) if not_this else live.tokens
        token = self._find_or_refresh(live.id, stored, resource, not_this)
        return token or self._wait_for_refresh(live.id, resource, not_this)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _load(self, session_id: str) -> StoredTokens:
        with self._storage.autocommit() as connection:
            stored = Sessions(connection).find_tokens(session_id, self._clock.now())
        if stored is None:
            raise GrantEndedError("the session is over")
        return stored

    def _open(self, session_id: str, sealed: str) -> TokenSet:
        try:
            return self._cipher.decrypt(session_id, sealed)
        except DecryptionError:
            raise GrantEndedError("encrypted with a key that is no longer configured") from None

    def _find_or_refresh(
        self, session_id: str, stored: StoredTokens, resource: str, not_this: str
    ) -> str | None:
        """Return the stored token or a fresh one; None while another request refreshes."""
        tokens = self._open(session_id, stored.sealed_tokens)
        token = tokens.live(resource, self._now())
        if token and token.value != not_this:
            return token.value
        if not tokens.refresh_token:
            raise GrantEndedError("no refresh token")
        return None if stored.refreshing else self._refresh(session_id, resource, not_this)

    def _wait_for_refresh(self, session_id: str, resource: str, not_this: str) -> str:
        if not self._waiting.acquire(blocking=False):
            raise IdentityUnavailableError("too many requests wait for the refresh by another")
        try:
            for _ in range(CHECKS):
                self._pause(CHECK_INTERVAL_SECONDS)
                stored = self._load(session_id)
                if token := self._find_or_refresh(session_id, stored, resource, not_this):
                    return token
        finally:
            self._waiting.release()
        raise IdentityUnavailableError("another request is still refreshing")

    def _refresh(self, session_id: str, resource: str, not_this: str) -> str | None:
        """Refresh; None if another request has the claim. No transaction is open during the call."""
        with self._storage.autocommit() as connection:
            sealed = Sessions(connection).claim_refresh(session_id, self._clock.now())
        if sealed is None:
            return None
        sealed_fresh: str | None = None
        try:
            tokens = self._open(session_id, sealed)
            current = tokens.live(resource, self._now())
            if current and current.value != not_this:  # refreshed by another request since it was read
                return current.value
            with self._limit.call():
                fresh = self._identity.refresh(tokens.refresh_token, resource)
            tokens = replace(
                tokens,
                refresh_token=fresh.refresh_token,
                access={**tokens.access, resource: fresh.access_token},
            )
            sealed_fresh = self._cipher.encrypt(session_id, tokens, self._now())
            return fresh.access_token.value
        finally:
            with self._storage.autocommit() as connection:
                Sessions(connection).release_refresh(session_id, sealed_fresh)


def first_tokens(tokens: SignInTokens, resource: str) -> TokenSet:
    """Return the tokens with which a session begins."""
    return TokenSet(tokens.id_token, tokens.refresh_token, {resource: tokens.access_token})
