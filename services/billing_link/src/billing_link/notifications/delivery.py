"""Delivers notifications to identity, which mails them: at least once, with growing waits, in a thread."""

import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from billing_link.clock import Clock
from billing_link.errors import UnavailableError, where
from billing_link.notifications.store import Notification, Notifications
from billing_link.outbound_http import Limits, OutboundHttp, OutboundHttpError, basic_credentials
from billing_link.storage import Storage

_BATCH = 20
# The status alone counts.
LIMITS = Limits(connect=2.0, read=5.0, total=8.0, size=65_536)
_ACCEPTED, _NOT_FOUND = 202, 404
# Identity, or a proxy before it, takes nothing now: a secret that an operator has to mend, too many requests,
# a database or an identity that is away.
_AWAY = (401, 429, 502, 503, 504)
_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
# With these waits, the last attempt is a little more than a day after the first.
_MOST_ATTEMPTS = 34
# Seconds between two checks for notifications that are due.
_PAUSE = 2.0
_DELIVERED_KEPT_FOR = timedelta(days=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Identity has accepted the notification, and mails it once."""


@dataclass(frozen=True, slots=True)
class UnknownResident:
    """Identity has no such resident. Another attempt is useless."""


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Identity did not accept the notification now; `reason` is for an operator."""

    reason: str
    # Identity accepts nothing now: this is no attempt at the notification.
    is_away: bool = False


class NotificationClient(Protocol):
    """Sends one notification."""

    def send(self, notification: Notification) -> Accepted | UnknownResident | NotAccepted:
        """Send the notification, and return how it was answered."""
        ...


class IdentityNotificationClient:
    """Identity's `POST /notices`, with this resource's secret as HTTP Basic password (RFC 6749 §2.3.1)."""

    def __init__(self, issuer: str, resource: str, secret: str, http: OutboundHttp) -> None:
        self._address, self._http = f"{issuer}/notices", http
        self._headers = {
            "Content-Type": "application/json",
            "Authorization": basic_credentials(resource, secret),
        }

    def send(self, notification: Notification) -> Accepted | UnknownResident | NotAccepted:
        """Post the notification. Identity ignores an id that it has seen before."""
        body = {
            "id": notification.notification_id,
            "sub": notification.subject,
            "kind": notification.kind.value,
            "city": notification.city_id,
            "details": dict(notification.details),
        }
        try:
            response = self._http.post(self._address, json.dumps(body).encode(), self._headers)
        except OutboundHttpError as error:
            return NotAccepted(f"identity cannot be reached: {error}", is_away=True)
        if response.status == _ACCEPTED:
            return Accepted()
        if response.status == _NOT_FOUND:
            return UnknownResident()
        return NotAccepted(f"identity answered {response.status}", is_away=response.status in _AWAY)


class NotificationDelivery:
    """Delivers the notifications that are due."""

    def __init__(self, storage: Storage, client: NotificationClient, clock: Clock) -> None:
        self._storage = storage
        self._client = client
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set; while the database is unavailable, wait for it."""
        while not stop.is_set():
            try:
                attempted = self.deliver_due()
            except UnavailableError:
                attempted = 0
            except Exception as error:  # noqa: BLE001 - one bad row must not stop every later notification
                log.error("notifications.delivery_failed", where=where(error))  # noqa: TRY400 - a message may quote a row
                attempted = 0
            if attempted < _BATCH:
                stop.wait(_PAUSE)

    def deliver_due(self) -> int:
        """Attempt every notification that is due, up to one batch; return how many were attempted.

        Each is claimed when it is sent, so that its lease outlives it. While identity is away, one is tried.
        """
        for attempted in range(_BATCH):
            with self._storage.autocommit() as connection:
                claimed = Notifications(connection).claim_due(self._clock.now(), 1)
            if not claimed:
                return attempted
            if not self._deliver(claimed[0]):
                return attempted + 1
        return _BATCH

    def _deliver(self, notification: Notification) -> bool:
        """Send one notification and record the outcome; tell whether identity is there.

        No transaction is open while it is sent.
        """
        outcome = self._client.send(notification)
        if isinstance(outcome, Accepted):
            with self._storage.autocommit() as connection:
                Notifications(connection).record_delivered(notification, self._clock.now())
        elif isinstance(outcome, UnknownResident):
            self._fail(notification, "identity knows no such resident")
        elif outcome.is_away:
            self._release(notification, outcome.reason)
            return False
        elif notification.attempts >= _MOST_ATTEMPTS:
            self._fail(notification, outcome.reason)
        else:
            self._schedule_retry(notification, outcome.reason)
        return True

    def _release(self, notification: Notification, why: str) -> None:
        log.warning("notifications.identity_away", notification=notification.notification_id, why=why)
        with self._storage.autocommit() as connection:
            Notifications(connection).release(notification, self._clock.now(), why)

    def _schedule_retry(self, notification: Notification, why: str) -> None:
        log.warning(
            "notifications.retry_scheduled",
            notification=notification.notification_id,
            why=why,
            attempts=notification.attempts,
        )
        with self._storage.autocommit() as connection:
            until = self._clock.now() + _wait(notification.attempts)
            Notifications(connection).schedule_retry(notification, until, why)

    def _fail(self, notification: Notification, why: str) -> None:
        log.error(
            "notifications.failed",
            notification=notification.notification_id,
            why=why,
            attempts=notification.attempts,
        )
        with self._storage.autocommit() as connection:
            Notifications(connection).record_failed(notification, why)


def delete_old_notifications(storage: Storage, now: datetime) -> int:
    """Delete the notifications that were delivered more than 30 days ago; return how many."""
    with storage.autocommit() as connection:
        return Notifications(connection).delete_delivered(now - _DELIVERED_KEPT_FOR)


def _wait(attempts: int) -> timedelta:
    doubled: int = 2 ** min(attempts - 1, 16)
    return min(_FIRST_WAIT * doubled, _LONGEST_WAIT)
