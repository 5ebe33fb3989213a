"""Hands notices to identity, which mails them: at least once, with growing waits, in a thread."""

import threading
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote_plus

import requests
import structlog

from billing_link.clock import Clock
from billing_link.errors import UnavailableError, where
from billing_link.notifications.store import Notification, Notifications
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
    """Identity did not take the notification now; the text says what it answered, for an operator."""


class NotificationClient(Protocol):
    """Takes notices."""

    def send(self, notification: Notification) -> None:
        """Return when the notification is taken; raises `UndeliverableError` or `NotDeliveredError`."""
        ...


class IdentityNotificationClient:
    """Identity's `POST /notices`, with HTTP Basic credentials of this resource (RFC 6749 section 2.3.1)."""

    def __init__(self, issuer: str, resource: str, secret: str) -> None:
        self._address = f"{issuer}/notices"
        self._credentials = (quote_plus(resource), quote_plus(secret))

    def send(self, notification: Notification) -> None:
        """Post the notification; identity recognises its id if it has seen it."""
        body = {
            "id": notification.notification_id,
            "sub": notification.subject,
            "kind": notification.kind.value,
            "city": notification.city_id,
            "details": dict(notification.details),
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


class NotificationDelivery:
    """Delivers what is due."""

    def __init__(self, storage: Storage, client: NotificationClient, clock: Clock) -> None:
        self._storage = storage
        self._client = client
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; a database that is down is waited for."""
        while not stop.is_set():
            try:
                handled = self.deliver_due()
            except UnavailableError:
                handled = 0
            except Exception as error:  # noqa: BLE001 - one bad row must not end the thread, and every later notification
                log.error("notifications.delivery_failed", where=where(error))  # noqa: TRY400 - its words stay out of the log
                handled = 0
            if handled < _BATCH:
                stop.wait(_PAUSE)

    def deliver_due(self) -> int:
        """Attempt every notification that is due, up to one batch; return how many were attempted."""
        with self._storage.autocommit() as connection:
            claimed = Notifications(connection).claim_due(self._clock.now(), _BATCH)
        for notification in claimed:
            self._deliver(notification)
        return len(claimed)

    def _deliver(self, notification: Notification) -> None:
        """Attempt one notification and record what became of it. No transaction is open in the meantime."""
        try:
            self._client.send(notification)
        except UndeliverableError as error:
            self._fail(notification, str(error))
        except NotDeliveredError as error:
            if notification.attempts >= _MOST_ATTEMPTS:
                self._fail(notification, str(error))
                return
            again = self._clock.now() + _wait(notification.attempts)
            log.warning(
                "notifications.retry_scheduled",
                notification=notification.notification_id,
                why=str(error),
                attempts=notification.attempts,
            )
            with self._storage.autocommit() as connection:
                Notifications(connection).schedule_retry(notification.notification_id, again, str(error))
        else:
            with self._storage.autocommit() as connection:
                Notifications(connection).record_delivered(notification.notification_id, self._clock.now())

    def _fail(self, notification: Notification, why: str) -> None:
        log.error(
            "notifications.failed",
            notification=notification.notification_id,
            why=why,
            attempts=notification.attempts,
        )
        with self._storage.autocommit() as connection:
            Notifications(connection).record_failed(notification.notification_id, why)


def delete_old_notifications(storage: Storage, now: datetime) -> int:
    """Delete what was delivered more than 30 days ago; return how many."""
    with storage.autocommit() as connection:
        return Notifications(connection).delete_delivered(now - timedelta(days=30))


def _wait(attempts: int) -> timedelta:
    doubled: int = 2 ** min(attempts - 1, 16)
    return min(_FIRST_WAIT * doubled, _LONGEST_WAIT)
