"""End the sessions that a logout token names."""

from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import structlog

from portal.clock import Clock
from portal.errors import IdentityUnavailableError, LogoutNotVerifiedError, UnavailableError, where
from portal.identity_client.client import IdentityClient
from portal.identity_client.logout_token import LogoutToken
from portal.sign_in.backchannel_logout.store import UsedLogoutTokens
from portal.storage import Storage
from portal.web.sessions.store import Sessions

log = structlog.get_logger(__name__)
# A token is remembered for so long after its `exp`: longer than the two clocks may differ.
REMEMBERED_AFTER = timedelta(minutes=5)


class LogoutOutcome(Enum):
    """What became of a logout token."""

    # Also if there was no session to end (§2.8).
    ENDED = auto()
    NOT_ACCEPTED = auto()
    # Identity's keys cannot be fetched, or the database cannot be used, just now.
    UNAVAILABLE = auto()


class EndSessions:
    """Ends the portal's sessions on identity's word."""

    def __init__(self, storage: Storage, clock: Clock, identity: IdentityClient) -> None:
        self._storage, self._clock, self._identity = storage, clock, identity

    def end_sessions(self, logout_token: str) -> LogoutOutcome:
        """Verify the token, accept it once, and end the sessions of its `sid`, else of its `sub`."""
        try:
            verified = self._identity.verify_logout_token(logout_token)
        except IdentityUnavailableError as error:
            log.warning("logout_refused", reason=error.code, detail=error.detail)
            return LogoutOutcome.UNAVAILABLE
        except LogoutNotVerifiedError as error:
            log.warning("logout_refused", reason=error.code, detail=error.detail)
            return LogoutOutcome.NOT_ACCEPTED
        try:
            return self._end(verified)
        except UnavailableError as error:
            log.error("database_unavailable", where=where(error), why=str(error))  # noqa: TRY400 - it quotes no row
            return LogoutOutcome.UNAVAILABLE

    def _end(self, verified: LogoutToken) -> LogoutOutcome:
        expires_at = datetime.fromtimestamp(verified.expires_at, UTC) + REMEMBERED_AFTER
        with self._storage.transaction() as tx:
            used = UsedLogoutTokens(tx)
            now = self._clock.now()
            used.delete_expired_tokens(now)
            accepted = used.claim_token(verified, expires_at, now)
            ended = Sessions(tx).end_identity_sessions(verified.sid, verified.subject) if accepted else 0
        if not accepted:
            log.warning("logout_refused", reason=LogoutNotVerifiedError.code, detail="used before")
            return LogoutOutcome.NOT_ACCEPTED
        log.info("signed_out_by_identity", sessions=ended)
        return LogoutOutcome.ENDED
