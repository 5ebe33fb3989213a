"""The verb of a poll (RFC 8936): acknowledge events that arrived, return the next ones.

Beside the specification's members a receiver may send `after`, the `cursor` of an earlier response, or
`since`, a time in seconds: it then gets the events that followed, acknowledged or not. So each of its
processes has its own position, and reads up to a week again after an outage.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from identity.clock import Clock
from identity.secret_keys import SecretKeys
from identity.security_events.store import PolledEvents, StoredEvent, StoredReceiver
from identity.security_events.tokens import SecurityEventTokens
from identity.storage import Executor, Storage

MOST_EVENTS = 100
MOST_ACKNOWLEDGED = 1000
_LONGEST_ID = 255
_LAST_POSITION = 2**62

log = structlog.get_logger(__name__)


class InvalidPollError(Exception):
    """A poll that breaks RFC 8936 §2.4; the text names the member at fault."""


@dataclass(frozen=True)
class PollRequest:
    """One poll, checked."""

    most_events: int
    # Identifiers (`jti`) of events that the receiver has, or cannot use.
    settled: tuple[str, ...]
    after: int | None
    since: datetime | None


def read(document: object) -> PollRequest:
    """Return the poll in a JSON document (§2.4); raises `InvalidPollError`. Unknown members are ignored."""
    if not isinstance(document, dict):
        raise InvalidPollError("the body is no JSON object")
    if not isinstance(document.get("returnImmediately", True), bool):
        raise InvalidPollError("returnImmediately")
    most, after, since = (_number(document, name) for name in ("maxEvents", "after", "since"))
    acknowledged, failed = document.get("ack", []), document.get("setErrs", {})
    if not isinstance(acknowledged, list) or not all(map(_is_identifier, acknowledged)):
        raise InvalidPollError("ack")
    if not isinstance(failed, dict) or not all(map(_is_identifier, failed)):
        raise InvalidPollError("setErrs")
    if len(acknowledged) + len(failed) > MOST_ACKNOWLEDGED:
        raise InvalidPollError(f"ack: more than {MOST_ACKNOWLEDGED}")
    for event_id, fault in failed.items():
        code = fault.get("err") if isinstance(fault, dict) else None
        log.warning("security_event_not_understood", event_id=event_id, fault=str(code)[:64])
    return PollRequest(
        MOST_EVENTS if most is None else min(most, MOST_EVENTS),
        (*acknowledged, *failed),
        after,
        None if since is None else datetime.fromtimestamp(min(since, 2**33), UTC),
    )


class Poll:
    """Answers polls at once, without long polling: that would occupy a thread of the web server."""

    def __init__(
        self, storage: Storage, secret_keys: SecretKeys, clock: Clock, tokens: SecurityEventTokens
    ) -> None:
        self._storage, self._secret_keys, self._clock, self._tokens = storage, secret_keys, clock, tokens

    def answer(self, receiver: StoredReceiver, request: PollRequest) -> Mapping[str, object]:
        """Return the response of §2.5, and the cursor for the next poll."""
        with self._storage.autocommit() as connection:
            if request.settled:
                events = PolledEvents(connection)
                events.acknowledge(receiver.id, request.settled, self._clock.now())
            found, cursor = self._find_events(connection, receiver, request)
        returned = found[: request.most_events]
        sets = {
            each.id: self._tokens.sign(json.loads(self._secret_keys.decrypt(each.payload)))
            for each in returned
        }
        more = len(found) > len(returned)
        return {"sets": sets, "moreAvailable": more, "cursor": _last(returned, cursor)}

    def _find_events(
        self, executor: Executor, receiver: StoredReceiver, request: PollRequest
    ) -> tuple[Sequence[StoredEvent], int]:
        """Return up to one event more than was asked for, and the position before the first."""
        events, limit = PolledEvents(executor), request.most_events + 1
        if request.after is not None:
            return events.after(receiver.id, request.after, limit), request.after
        if request.since is not None:
            cursor = events.position_before(receiver.id, request.since)
            return events.after(receiver.id, cursor, limit), cursor
        found = events.unacknowledged(receiver.id, limit)
        return found, found[0].position - 1 if found else receiver.last_position


def _last(events: Sequence[StoredEvent], otherwise: int) -> int:
    return events[-1].position if events else otherwise


def _number(document: Mapping[str, object], name: str) -> int | None:
    value = document.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_POSITION:
        raise InvalidPollError(name)
    return value


def _is_identifier(value: object) -> bool:
    return (
        isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isascii() and value.isprintable()
    )
