"""Sessions that ended at identity: remembered while a token of theirs could still be taken.

Identity is asked every two seconds. While it cannot be reached, calls go on as before with tokens that live
for minutes, and the log tells for how long nothing was heard.
"""

import threading
from datetime import datetime, timedelta

import structlog

from billing_link.clock import Clock
from billing_link.errors import UnavailableError, where
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.security_event_source import PollResponse, SecurityEventSource
from billing_link.tokens.security_events import UnreadableEventError, read

# Identity's tokens live for five minutes and are taken for a minute more; the rest is for clocks.
TOKEN_LIFE = timedelta(minutes=10)
_SECONDS_BETWEEN_POLLS = 2.0
_SECONDS_BETWEEN_WARNINGS = 60
# An event may be signed with a key that is not fetched yet; it is read again, but not for ever.
_MOST_TRIES = 15

log = structlog.get_logger()


class RevokedSessions:
    """When each session ended, for as long as it matters. Many threads may ask while one writes."""

    def __init__(self) -> None:
        self._ended: dict[str, datetime] = {}

    def record_end(self, session_id: str, ended_at: datetime) -> None:
        """Remember that this session ended."""
        known = self._ended.get(session_id)
        self._ended[session_id] = max(known, ended_at) if known else ended_at

    def ended_after(self, session_id: str, issued_at: datetime) -> bool:
        """Tell whether the session ended once this token of it had been issued.

        What is issued afterwards is what the resident allowed to outlive the session (`offline_access`).
        """
        ended_at = self._ended.get(session_id)
        return ended_at is not None and issued_at <= ended_at

    def forget_ended_before(self, before: datetime) -> None:
        """Forget the sessions that ended before."""
        self._ended = {sid: ended_at for sid, ended_at in self._ended.items() if ended_at >= before}

    def __len__(self) -> int:
        return len(self._ended)


class RevocationPoller:
    """Asks identity what ended. Each process has its own place among the events."""

    def __init__(  # noqa: PLR0913 - names what it depends on
        self,
        source: SecurityEventSource,
        keys: IssuerKeys,
        revoked: RevokedSessions,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
    ) -> None:
        self._source, self._keys, self._revoked, self._clock = source, keys, revoked, clock
        self._issuer, self._audience = issuer, audience
        self._cursor: int | None = None
        self._tries = 0
        self._heard_at = clock.now()
        self._warned_at: datetime | None = None

    @property
    def staleness(self) -> timedelta:
        """For how long nothing was heard of identity."""
        return self._clock.now() - self._heard_at

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        while not stop.is_set():
            try:
                has_more = self.poll()
            except UnavailableError as error:
                self._warn(str(error))
                has_more = False
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread must live: tokens are checked without it
                log.error("revocations.failed", where=where(error))  # noqa: TRY400 - its words stay out of the log
                has_more = False
            if not has_more:
                stop.wait(_SECONDS_BETWEEN_POLLS)

    def poll(self) -> bool:
        """Ask once and tell whether there is more; raises `UnavailableError`."""
        now = self._clock.now()
        known = self._cursor
        answer = (
            self._source.poll_since(now - TOKEN_LIFE) if known is None else self._source.poll_after(known)
        )
        if not self._take(answer):
            return False
        self._cursor = answer.cursor
        self._revoked.forget_ended_before(now - TOKEN_LIFE)
        self._note_heard(now)
        return answer.has_more

    def _take(self, answer: PollResponse) -> bool:
        """Remember what ended; False if it has to be read once more."""
        unreadable = []
        for token in answer.tokens:
            try:
                ended = read(token, self._keys, issuer=self._issuer, audience=self._audience)
            except UnreadableEventError as error:
                unreadable.append(str(error))
                continue
            if ended:
                self._revoked.record_end(ended.session_id, ended.ended_at)
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

    def _note_heard(self, now: datetime) -> None:
        if self._warned_at is not None:
            log.info("revocations.current_again", stale_seconds=int(self.staleness.total_seconds()))
        self._heard_at, self._warned_at = now, None

    def _warn(self, why: str) -> None:
        now = self._clock.now()
        if self._warned_at and (now - self._warned_at).total_seconds() < _SECONDS_BETWEEN_WARNINGS:
            return
        self._warned_at = now
        log.warning("revocations.stale", stale_seconds=int(self.staleness.total_seconds()), why=why)
