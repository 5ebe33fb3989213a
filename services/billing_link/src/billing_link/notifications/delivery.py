"""Hands notices to identity, which mails them: at least once, with growing waits, in a thread."""

import threading
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote_plus

import requests
import structlog

from billing_link.clock import Clock
from billing_link.errors import UnavailableError, where
from billing_link.notifications.store import Notice, Notices
from billing_link.storage import Storage

_BATCH = 20
_TIMEOUTS = (2, 5)
_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
# With the waits above, the last attempt is a little more than a day after the first.
_MOST_ATTEMPTS = 34
_PAUSE = 2.0

log = structlog.get_logger()


class UndeliverableError(Exception):
    """Identity knows no such resident: nobody can be told."""


class NotDeliveredError(Exception):
    """Identity did not take the notice now; the text says what it answered, for an operator."""


class NoticeDesk(Protocol):
    """Takes notices."""

    def hand_over(self, notice: Notice) -> None:
        """Return when the notice is taken; raises `UndeliverableError` or `NotDeliveredError`."""
        ...


class IdentityDesk:
    """Identity's `POST /notices`, with HTTP Basic credentials of this resource (RFC 6749 section 2.3.1)."""

    def __init__(self, issuer: str, resource: str, secret: str) -> None:
        self._address = f"{issuer}/notices"
        self._credentials = (quote_plus(resource), quote_plus(secret))

    def hand_over(self, notice: Notice) -> None:
        """Post the notice; identity recognises its id if it has seen it."""
        body = {
            "id": notice.notice_id,
            "sub": notice.subject,
            "kind": notice.kind.value,
            "city": notice.city_id,
            "details": dict(notice.details),
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self._address, json=body, auth=self._credentials, timeout=_TIMEOUTS, allow_redirects=False
                )
        except requests.RequestException as error:
            raise NotDeliveredError(f"identity cannot be reached ({type(error).__name__})") from None
        if answer.status_code == requests.codes.not_found:
            raise UndeliverableError("identity knows no such resident")
        if answer.status_code != requests.codes.accepted:
            raise NotDeliveredError(f"identity answered {answer.status_code}")


class Courier:
    """Delivers what is due."""

    def __init__(self, storage: Storage, desk: NoticeDesk, clock: Clock) -> None:
        self._storage = storage
        self._desk = desk
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; a database that is down is waited for."""
        while not stop.is_set():
            try:
                handled = self.deliver_due()
            except UnavailableError:
                handled = 0
            except Exception as error:  # noqa: BLE001 - one bad row must not end the thread, and every later notice
                log.error("notices.courier_failed", where=where(error))  # noqa: TRY400 - its words stay out of the log
                handled = 0
            if handled < _BATCH:
                stop.wait(_PAUSE)

    def deliver_due(self) -> int:
        """Attempt every notice that is due, up to one batch; return how many were attempted."""
        with self._storage.autocommit() as connection:
            claimed = Notices(connection).claim_due(self._clock.now(), _BATCH)
        for notice in claimed:
            self._deliver(notice)
        return len(claimed)

    def _deliver(self, notice: Notice) -> None:
        """Attempt one notice and record what became of it. No transaction is open in the meantime."""
        try:
            self._desk.hand_over(notice)
        except UndeliverableError as error:
            self._give_up(notice, str(error))
        except NotDeliveredError as error:
            if notice.attempts >= _MOST_ATTEMPTS:
                self._give_up(notice, str(error))
                return
            again = self._clock.now() + _wait(notice.attempts)
            log.warning("notices.put_off", notice=notice.notice_id, why=str(error), attempts=notice.attempts)
            with self._storage.autocommit() as connection:
                Notices(connection).put_off(notice.notice_id, again, str(error))
        else:
            with self._storage.autocommit() as connection:
                Notices(connection).delivered(notice.notice_id, self._clock.now())

    def _give_up(self, notice: Notice, why: str) -> None:
        log.error("notices.given_up", notice=notice.notice_id, why=why, attempts=notice.attempts)
        with self._storage.autocommit() as connection:
            Notices(connection).given_up(notice.notice_id, why)


def forget_old(storage: Storage, now: datetime) -> int:
    """Delete what was delivered more than 30 days ago; return how many."""
    with storage.autocommit() as connection:
        return Notices(connection).forget_delivered(now - timedelta(days=30))


def _wait(attempts: int) -> timedelta:
    doubled: int = 2 ** min(attempts - 1, 16)
    return min(_FIRST_WAIT * doubled, _LONGEST_WAIT)
