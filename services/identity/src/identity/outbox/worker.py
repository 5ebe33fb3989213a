"""The worker: delivers what waits in the outbox, and deletes what nobody needs any more."""

import smtplib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

import structlog

from identity.clock import Clock
from identity.outbox.mails import Mail
from identity.outbox.store import Claimed, Deliveries
from identity.sealing import Keyring
from identity.storage import Executor, Storage

# Until the next attempt, after the first, second, … one; the last of them from then on.
BACK_OFF = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)
ATTEMPTS = 12
# At most this many messages before the worker looks up: whether it is to stop, whether to clean.
ROUND = 100
IDLE_SECONDS = 1.0
AFTER_FAULT_SECONDS = 5.0

CLEAN_EVERY = timedelta(minutes=10)
BATCH = 500
BATCHES = 200

# Deletes up to so many old rows as of this moment, and returns how many it were.
Cleaner = Callable[[Executor, datetime, int], int]

log = structlog.get_logger(__name__)


class Sends(Protocol):
    """What the worker needs of the mailer."""

    def send(self, message_id: str, mail: Mail, requested_at: datetime) -> None:
        """Hand one mail to the mail server; raises whatever stands in the way."""


class Worker:
    """Delivers at least once. Any number of workers may run, anywhere; no two send one message at a time."""

    def __init__(
        self,
        storage: Storage,
        keyring: Keyring,
        mailer: Sends,
        clock: Clock,
        cleaners: Sequence[Cleaner] = (),
    ) -> None:
        self._storage = storage
        self._keyring = keyring
        self._mailer = mailer
        self._clock = clock
        self._cleaners = (_clean_outbox, *cleaners)

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; a database that is away for a while is waited for."""
        next_cleaning = self._clock.now()
        while not stop.is_set():
            try:
                delivered = self.run_once()
                if self._clock.now() >= next_cleaning:
                    self.clean()
                    next_cleaning = self._clock.now() + CLEAN_EVERY
            except Exception as fault:  # noqa: BLE001 - whatever it is, the next round may succeed
                log.error("worker_round_failed", fault=type(fault).__name__)  # noqa: TRY400 - its text may hold data
                stop.wait(AFTER_FAULT_SECONDS)
                continue
            if not delivered:
                stop.wait(IDLE_SECONDS)

    def run_once(self) -> int:
        """Attempt what is due now, at most a hundred messages; return how many were delivered."""
        delivered = 0
        for _ in range(ROUND):
            with self._storage.autocommit() as connection:
                claimed = Deliveries(connection).claim(self._clock.now())
            if claimed is None:
                break
            delivered += self._attempt(claimed)
        return delivered

    def clean(self) -> int:
        """Delete what is old, in batches; return how many rows it were. A cleaner's fault stops no other."""
        deleted = 0
        for cleaner in self._cleaners:
            try:
                deleted += self._clean_by(cleaner)
            except Exception as fault:  # noqa: BLE001 - whatever it is, it comes round again in ten minutes
                log.error("cleaning_failed", fault=type(fault).__name__)  # noqa: TRY400 - its text may hold data
        return deleted

    def _clean_by(self, cleaner: Cleaner) -> int:
        deleted = 0
        for _ in range(BATCHES):
            with self._storage.autocommit() as connection:
                count = cleaner(connection, self._clock.now(), BATCH)
            deleted += count
            if count < BATCH:
                break
        return deleted

    def _attempt(self, claimed: Claimed) -> bool:
        """Send one message, with no database connection held meanwhile, and note the outcome."""
        error, hopeless = "", False
        try:
            mail = Mail.from_json(self._keyring.open(claimed.payload))
            self._mailer.send(claimed.id, mail, claimed.created_at)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message must not be lost, nor stop the others
            error, hopeless = describe(fault), is_hopeless(fault)
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            deliveries = Deliveries(connection)
            if not error:
                deliveries.delivered(claimed, now)
            elif hopeless or claimed.attempts >= ATTEMPTS:
                log.error("message_given_up", message=claimed.id, attempts=claimed.attempts, fault=error)
                deliveries.give_up(claimed, error)
            else:
                log.warning("message_postponed", message=claimed.id, attempts=claimed.attempts, fault=error)
                deliveries.postpone(claimed, now + back_off(claimed.attempts), error)
        return not error


def back_off(attempts: int) -> timedelta:
    """Return how long to wait after this many attempts."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]


def is_hopeless(fault: Exception) -> bool:
    """Tell whether the mail server refused the recipient for good (RFC 5321: a reply of 500 and more)."""
    if not isinstance(fault, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in fault.recipients.values())  # noqa: PLR2004 - RFC 5321 §4.2.1


def describe(fault: Exception) -> str:
    """Return what went wrong for an operator: its kind and the server's code. Texts may quote addresses."""
    codes: list[int] = []
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in fault.recipients.values()]
    elif isinstance(fault, smtplib.SMTPResponseException):
        codes = [fault.smtp_code]
    return " ".join([type(fault).__name__, *map(str, codes)])


def _clean_outbox(executor: Executor, now: datetime, limit: int) -> int:
    return Deliveries(executor).delete_old(now, limit)
