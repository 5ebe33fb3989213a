"""The verb: end what identity says has ended."""

from datetime import UTC, datetime, timedelta

import structlog

from portal.clock import Clock
from portal.errors import Reason, Refused
from portal.identity_client.client import IdentityClient
from portal.sign_in.backchannel_logout.store import UsedLogoutTokens
from portal.storage import Storage
from portal.web.sessions.store import Sessions

log = structlog.get_logger(__name__)
# Longer than the clocks may be apart: a token is remembered until it can no longer be taken.
REMEMBERED_AFTER = timedelta(minutes=5)


class EndToldSessions:
    """Ends the portal's sessions that a logout token names."""

    def __init__(self, storage: Storage, clock: Clock, identity: IdentityClient) -> None:
        self._storage, self._clock, self._identity = storage, clock, identity

    def end(self, token: str) -> None:
        """End them; that there are none is fine. Raises LOGOUT_NOT_VERIFIED or IDENTITY_UNAVAILABLE."""
        told = self._identity.logged_out(token)
        expires_at = datetime.fromtimestamp(told.expires_at, UTC) + REMEMBERED_AFTER
        with self._storage.transaction() as session:
            used = UsedLogoutTokens(session)
            used.delete_old(self._clock.now())
            if not used.claim(told.jti, expires_at):
                raise Refused(Reason.LOGOUT_NOT_VERIFIED, "logout token: used before")
            ended = Sessions(session).end_told(told.sid, told.subject)
        log.info("signed_out_by_identity", sessions=ended)
