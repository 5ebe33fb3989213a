"""Telling clients that a session ended (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from identity.account_events import AccessRemoved, AccountEvent, SessionEnded
from identity.clock import Clock
from identity.oidc.grants.revocation import Cause
from identity.oidc.logout.store import Participations
from identity.oidc.tokens.logout_token import LogoutTokens
from identity.outbox.delivery import NotDeliveredError, RefusedForGoodError
from identity.outbox.http_post import post
from identity.outbox.logouts import LOGOUT, Logout
from identity.outbox.store import Outbox
from identity.relying_parties.cache import RelyingPartyCache
from identity.secret_keys import SecretKeys
from identity.storage import Executor

# After the first ones an attempt an hour: a website may be away for a week.
ATTEMPTS = 172
_RECEIVED = (200, 204)
_REFUSED = 400


class BackchannelLogouts:
    """Listens for sessions that end, and for access that is removed; queues what clients are told."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock) -> None:
        self._secret_keys, self._clock = secret_keys, clock

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Queue a logout for each client that got tokens in a session that ended; end what was taken back."""
        parts, found = Participations(executor), []
        ended = [event.session_id for event in account_events if isinstance(event, SessionEnded)]
        if ended:
            found += parts.of(ended, unless_revoked_for=Cause.ACCESS_REMOVED)
        for event in account_events:
            if isinstance(event, AccessRemoved):
                resident_id, client_id = event.resident_id, event.client_id
                found += parts.revoke(resident_id, client_id, Cause.ACCESS_REMOVED, self._clock.now())
        logouts = [Logout(one.client_id, one.resident_id, one.session_id) for one in found]
        payloads = [logout.as_json() for logout in logouts]
        Outbox(executor, self._secret_keys, self._clock).queue(LOGOUT, payloads)


class LogoutDelivery:
    """Delivers logouts: each attempt with a token of its own, as they live for two minutes only."""

    kind = LOGOUT
    attempts = ATTEMPTS

    def __init__(self, relying_parties: RelyingPartyCache, tokens: LogoutTokens) -> None:
        self._relying_parties, self._tokens = relying_parties, tokens

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:  # noqa: ARG002 - the outbox's signature
        """Send the logout token (§2.5); a client that is gone, or takes none any more, needs none."""
        logout = Logout.from_json(payload)
        client = self._relying_parties.client(logout.client_id)
        if client is None or client.backchannel_logout_uri is None:
            return
        token = self._tokens.issue(client, logout.resident_id, logout.session_id)
        answer = post(
            client.backchannel_logout_uri,
            urlencode({"logout_token": token}).encode(),
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        )
        if answer.status in _RECEIVED:
            return
        words = f"{client.id} answered {answer.status}"
        # §2.8: the request itself was wrong, or the website could not sign the resident out.
        raise (RefusedForGoodError if answer.status == _REFUSED else NotDeliveredError)(words)
