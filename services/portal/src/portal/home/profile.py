"""The resident's name and e-mail address, from userinfo, sealed in the session for a while."""

from datetime import timedelta

import structlog

from portal.clock import Clock
from portal.errors import GrantEndedError, IdentityError
from portal.identity_client.call_limit import CallLimit
from portal.identity_client.client import IdentityClient, Profile
from portal.secret_keys import DecryptionError, SecretKeys
from portal.storage import Storage
from portal.web.sessions.store import LiveSession, Sessions
from portal.web.sessions.tokens import SessionTokens

log = structlog.get_logger(__name__)
PURPOSE = "profile"
# A changed name or e-mail address shows after this at the latest.
LIFETIME = timedelta(minutes=15)


class ResidentProfile:
    """The profile of a session's resident, read from userinfo at most every 15 minutes."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        tokens: SessionTokens,
        identity: IdentityClient,
        clock: Clock,
        limit: CallLimit,
    ) -> None:
        self._storage, self._secret_keys, self._tokens = storage, secret_keys, tokens
        self._identity, self._clock, self._limit = identity, clock, limit

    def is_stale(self, live: LiveSession) -> bool:
        """Tell whether `load` asks identity."""
        return live.profile_read_at is None or live.profile_read_at + LIFETIME <= self._clock.now()

    def load(self, live: LiveSession) -> Profile | None:
        """Return the profile; None if identity has neither name nor address. Raises `GrantEndedError`.

        While identity cannot be asked, the profile of before serves.
        """
        profile = self._open(live)
        if profile is None or self.is_stale(live):
            profile = self._fetch(live) or profile
        return profile if profile and (profile.name or profile.email) else None

    def _open(self, live: LiveSession) -> Profile | None:
        if live.sealed_profile is None:
            return None
        try:
            values = self._secret_keys.decrypt(PURPOSE, live.id, live.sealed_profile, now=0)
        except DecryptionError:
            return None
        return Profile(str(values["name"]), str(values["email"]))

    def _fetch(self, live: LiveSession) -> Profile | None:
        try:
            # userinfo takes tokens whose audience is identity itself.
            token = self._tokens.access_token(live, self._identity.issuer)
            with self._limit.call():
                profile = self._identity.fetch_profile(token, live.subject)
        except GrantEndedError:
            raise
        except IdentityError as error:
            log.warning("profile_unavailable", session=live.id, reason=error.code, detail=error.detail)
            return None
        now = self._clock.now()
        values: dict[str, object] = {"name": profile.name, "email": profile.email}
        sealed = self._secret_keys.encrypt(PURPOSE, live.id, values, now=int(now.timestamp()))
        with self._storage.autocommit() as connection:
            Sessions(connection).save_profile(live.id, sealed, now)
        return profile
