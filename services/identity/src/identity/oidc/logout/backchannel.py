"""Logout tokens for the clients of an ended session (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from identity.account_events import (
    AccessRemoved,
    AccountEvent,
    AllAccessRemoved,
    PasswordChanged,
    SessionEnded,
)
from identity.clock import Clock
from identity.oidc.grants.revocation import Cause, revoke_grants_of_resident
from identity.oidc.logout.store import Participation, Participations
from identity.oidc.tokens.logout_token import LogoutTokens
from identity.outbound_http import OutboundHttp
from identity.outbox.delivery import BACK_OFF, NotDeliveredError, RefusedForGoodError
from identity.outbox.logouts import LOGOUT, Logout
from identity.outbox.store import Outbox, Outgoing
from identity.relying_parties.cache import RelyingPartyCache
from identity.secret_keys import SecretKeys
from identity.storage import Executor

# One an hour after the first few, for a week.
ATTEMPTS = 172
_RECEIVED = (200, 204)
_REFUSED = 400


class BackchannelLogouts:
    """Subscribes to ended sessions and removed access; queues the logouts."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock) -> None:
        self._secret_keys, self._clock = secret_keys, clock

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Queue a logout for each client of an ended session; revoke the grants of removed access."""
        participations, now = Participations(executor), self._clock.now()
        ended = {event.session_id for event in account_events if isinstance(event, SessionEnded)}
        found: list[Participation] = []
        for event in account_events:
            match event:
                case AllAccessRemoved(resident_id, reason):
                    ended |= revoke_grants_of_resident(executor, resident_id, Cause(reason.value), now)
                case PasswordChanged(resident_id):
                    # Exact where times are too coarse: `stands` compares them by the second.
                    revoke_grants_of_resident(executor, resident_id, Cause.PASSWORD_CHANGED, now)
                case AccessRemoved(resident_id, client_id):
                    sids = revoke_grants_of_resident(
                        executor, resident_id, Cause.ACCESS_REMOVED, now, client_id=client_id
                    )
                    found += participations.list_of_client(client_id, sids)
        if ended:
            found += participations.list_in_sessions(ended)
        logouts = [Logout(one.client_id, one.resident_id, one.session_id) for one in found]
        messages = [Outgoing(one.client_id, one.as_json()) for one in logouts]
        Outbox(executor, self._secret_keys, self._clock).queue(LOGOUT, messages)


class LogoutDelivery:
    """Delivers logouts. Each attempt sends a new logout token, which is valid for two minutes."""

    kind = LOGOUT
    waits = BACK_OFF
    attempts = ATTEMPTS

    def __init__(self, relying_parties: RelyingPartyCache, tokens: LogoutTokens, http: OutboundHttp) -> None:
        self._relying_parties, self._tokens, self._http = relying_parties, tokens, http

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:  # noqa: ARG002 - the outbox's signature
        """Send the logout token (§2.5); nothing if the client is disabled or has no URL for it any more.

        A client that registered itself is called at public addresses only; one that an operator registered
        may be on a private network. Raises `OutboundHttpError` or `NotDeliveredError` to be tried again,
        `RefusedForGoodError` not to be.
        """
        logout = Logout.from_json(payload)
        client = self._relying_parties.client(logout.client_id)
        if client is None or client.backchannel_logout_uri is None:
            return
        token = self._tokens.issue(client, logout.resident_id, logout.session_id)
        response = self._http.post(
            client.backchannel_logout_uri,
            urlencode({"logout_token": token}).encode(),
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            public_only=client.registered_itself,
        )
        if response.status in _RECEIVED:
            return
        words = f"{client.id} answered {response.status}"
        # §2.8: 400 means an invalid request or a failed logout.
        raise (RefusedForGoodError if response.status == _REFUSED else NotDeliveredError)(words)
