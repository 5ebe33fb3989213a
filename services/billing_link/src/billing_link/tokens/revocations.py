"""Sessions that ended at identity, kept while a token of theirs could still be accepted.

Identity is polled every two seconds. While it cannot be reached, calls go on: tokens live for minutes, and
the log says for how long there was no response.
"""

import threading
from datetime import datetime, timedelta

import structlog

from billing_link.clock import Clock
from billing_link.errors import UnavailableError, where
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.security_event_source import PollResponse, SecurityEventSource
from billing_link.tokens.security_events import SessionEnded, UnreadableEvent, read_security_event

# Identity's tokens live for five minutes and are accepted for one more; the rest is for clocks that differ.
TOKEN_LIFE = timedelta(minutes=10)
_SECONDS_BETWEEN_POLLS = 2.0
_SECONDS_BETWEEN_WARNINGS = 60
# An event may be signed with a key that is not fetched yet. It is read again this often, then skipped.
_MOST_TRIES = 15

log = structlog.get_logger()


class RevokedSessions:
    """When each session ended, by session id. Many threads may read while one writes."""

    def __init__(self) -> None:
        self._ended: dict[str, datetime] = {}

    def record_end(self, session_id: str, ended_at: datetime) -> None:
        """Record that a session ended; of two times the later one counts."""
        known = self._ended.get(session_id)
        self._ended[session_id] = max(known, ended_at) if known else ended_at

    def ended_after(self, session_id: str, issued_at: datetime) -> bool:
        """Tell whether the session ended at or after the time at which a token of it was issued.

        A token that was issued later outlives the session with the resident's consent (`offline_access`).
        """
        ended_at = self._ended.get(session_id)
        return ended_at is not None and issued_at <= ended_at

    def forget_ended_before(self, before: datetime) -> None:
        """Drop the sessions that ended before this time."""
        self._ended = {sid: ended_at for sid, ended_at in self._ended.items() if ended_at >= before}

    def __len__(self) -> int:
        return len(self._ended)


class RevocationPoller:
    """Polls identity for ended sessions. Each process keeps a cursor of its own."""

    def __init__(
        self,
        source: SecurityEventSource,
        keys: IssuerKeys,
        revoked: RevokedSessions,
        clock: Clock,
        *,
        audience: str,
    ) -> None:
        self._source, self._keys, self._revoked, self._clock = source, keys, revoked, clock
        self._audience = audience
        self._cursor: int | None = None
        self._tries = 0
        self._responded_at = clock.now()
        self._warned_at: datetime | None = None

    @property
    def staleness(self) -> timedelta:
        """The time since identity last responded."""
        return self._clock.now() - self._responded_at

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set."""
        while not stop.is_set():
            try:
                has_more = self.poll()
            except UnavailableError as error:
                self._warn(str(error))
                has_more = False
            except Exception as error:  # noqa: BLE001 - without this thread an ended session's tokens stay valid
                log.error("revocations.failed", where=where(error))  # noqa: TRY400 - a message may quote an event
                has_more = False
            if not has_more:
                stop.wait(_SECONDS_BETWEEN_POLLS)

    def poll(self) -> bool:
        """Poll once; return whether identity has more events. Raises `UnavailableError`."""
        now = self._clock.now()
        cursor = self._cursor
        if cursor is None:
            response = self._source.poll_since(now - TOKEN_LIFE)
        else:
            response = self._source.poll_after(cursor)
        if not self._record_ends(response):
            return False
        self._cursor = response.cursor
        self._revoked.forget_ended_before(now - TOKEN_LIFE)
        self._record_response(now)
        return response.has_more

    def _record_ends(self, response: PollResponse) -> bool:
        """Record the sessions that ended; False if the batch must be read again."""
        unreadable = []
        for token in response.tokens:
            event = read_security_event(token, self._keys, audience=self._audience)
            if isinstance(event, SessionEnded):
                self._revoked.record_end(event.session_id, event.ended_at)
            elif isinstance(event, UnreadableEvent):
                unreadable.append(event.part)
        self._tries = self._tries + 1 if unreadable else 0
        if not unreadable:
            return True
        log.error(
            "revocations.unreadable", at_fault=unreadable[:3], events=len(unreadable), tries=self._tries
        )
        if self._tries < _MOST_TRIES:
            return False
        self._tries = 0
        return True

    def _record_response(self, now: datetime) -> None:
        if self._warned_at is not None:
            log.info("revocations.current_again", stale_seconds=int(self.staleness.total_seconds()))
        self._responded_at, self._warned_at = now, None

    def _warn(self, why: str) -> None:
        now = self._clock.now()
        if self._warned_at and (now - self._warned_at).total_seconds() < _SECONDS_BETWEEN_WARNINGS:
            return
        self._warned_at = now
        log.warning("revocations.stale", stale_seconds=int(self.staleness.total_seconds()), why=why)
