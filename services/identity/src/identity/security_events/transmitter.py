"""From account events to security events: rows in the transaction of their cause."""

import json
from collections.abc import Sequence

from identity import randomness
from identity.account_events import AccountEvent
from identity.clock import Clock
from identity.outbox.store import Outbox, Outgoing
from identity.secret_keys import SecretKeys
from identity.security_events.event_types import SecurityEvent, event_of
from identity.security_events.store import PolledEvents, Receivers, StoredReceiver
from identity.storage import Executor

# The kind in the outbox.
SECURITY_EVENT = "security_event"


class SecurityEvents:
    """Subscribes to account events; writes a security event for each receiver that wants its type."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock, issuer: str) -> None:
        self._secret_keys, self._clock, self._issuer = secret_keys, clock, issuer

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Queue a push, or store for the next poll, each event for each receiver that wants its type."""
        now = self._clock.now()
        events = [event for each in account_events if (event := event_of(each, self._issuer, now))]
        for receiver in Receivers(executor).enabled() if events else ():
            wanted = [event for event in events if event.type in receiver.event_types]
            if wanted:
                self._send(executor, receiver, wanted)

    def _send(self, executor: Executor, receiver: StoredReceiver, events: Sequence[SecurityEvent]) -> None:
        now = self._clock.now()
        claims = [
            {
                "iss": self._issuer,
                "aud": receiver.id,
                "iat": int(now.timestamp()),
                "jti": randomness.identifier(),
                **event.claims,
            }
            for event in events
        ]
        if receiver.push_uri is None:
            encrypted = [(str(each["jti"]), self._secret_keys.encrypt(json.dumps(each))) for each in claims]
            PolledEvents(executor).append(receiver.id, encrypted, now)
        else:
            payloads = [json.dumps({"receiver": receiver.id, "claims": each}) for each in claims]
            messages = [Outgoing(receiver.id, payload) for payload in payloads]
            Outbox(executor, self._secret_keys, self._clock).queue(SECURITY_EVENT, messages)
