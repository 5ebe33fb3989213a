"""The worker: delivers the messages of the outbox, and deletes rows that are no longer needed."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event

import structlog

from identity.clock import Clock
from identity.errors import UnavailableError
from identity.outbound_http import OutboundHttpError
from identity.outbox.delivery import (
    DeliveryHandler,
    NoLongerUsefulError,
    NotDeliveredError,
    RefusedForGoodError,
)
from identity.outbox.store import ClaimedMessage, Deliveries
from identity.secret_keys import SecretKeys
from identity.storage import Executor, Storage

# At most this many messages in one round, before the worker checks whether to stop or to clean.
ROUND = 100
IDLE_SECONDS = 1.0
AFTER_FAULT_SECONDS = 5.0

CLEAN_EVERY = timedelta(minutes=10)
BATCH = 500
BATCHES = 200

# Deletes up to so many rows that are old at this time, and returns how many were deleted.
Cleaner = Callable[[Executor, datetime, int], int]

log = structlog.get_logger(__name__)


class Worker:
    """Delivers messages of its handlers' kinds, at least once.

    Any number of workers may run, on any number of machines; no two deliver one message at a time.
    """

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        handlers: Sequence[DeliveryHandler],
        clock: Clock,
        cleaners: Sequence[Cleaner] = (),
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._handlers = {handler.kind: handler for handler in handlers}
        self._clock = clock
        self._cleaners = (_clean_outbox, *cleaners)

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; after a fault, such as a database that is down, wait five seconds."""
        next_cleaning = self._clock.now()
        while not stop.is_set():
            try:
                delivered = self.run_once()
                if self._clock.now() >= next_cleaning:
                    self.clean()
                    next_cleaning = self._clock.now() + CLEAN_EVERY
            except Exception as fault:  # noqa: BLE001 - the next round may succeed
                log.error("worker_round_failed", fault=describe(fault))  # noqa: TRY400 - its text may hold data
                stop.wait(AFTER_FAULT_SECONDS)
                continue
            if not delivered:
                stop.wait(IDLE_SECONDS)

    def run_once(self) -> int:
        """Attempt what is due now, at most a hundred messages; return how many were delivered."""
        delivered = 0
        for _ in range(ROUND):
            with self._storage.autocommit() as connection:
                claimed = Deliveries(connection).claim_message(self._clock.now(), self._handlers)
            if claimed is None:
                break
            delivered += self._attempt(claimed)
        return delivered

    def clean(self) -> int:
        """Delete old rows in batches; return how many. A fault of one cleaner does not stop the others."""
        deleted = 0
        for cleaner in self._cleaners:
            try:
                deleted += self._clean_by(cleaner)
            except Exception as fault:  # noqa: BLE001 - it is called again in ten minutes
                log.error("cleaning_failed", fault=describe(fault))  # noqa: TRY400 - its text may hold data
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

    def _attempt(self, claimed: ClaimedMessage) -> bool:
        """Deliver one message, with no database connection held meanwhile, and record the outcome."""
        fault: Exception | None = None
        try:
            payload = self._secret_keys.decrypt(claimed.payload)
            self._handlers[claimed.kind].deliver(claimed.id, payload, claimed.created_at)
        except Exception as raised:  # noqa: BLE001 - the message must not be lost, nor stop the others
            fault = raised
        with self._storage.autocommit() as connection:
            deliveries = Deliveries(connection)
            if fault is None:
                deliveries.mark_delivered(claimed, self._clock.now())
            else:
                self._record_fault(deliveries, claimed, fault)
        return fault is None

    def _record_fault(self, deliveries: Deliveries, claimed: ClaimedMessage, fault: Exception) -> None:
        handler, error = self._handlers[claimed.kind], describe(fault)
        logged = log.bind(message=claimed.id, attempts=claimed.attempts, fault=error)
        if isinstance(fault, NoLongerUsefulError):
            logged.warning("message_dropped")
            deliveries.drop(claimed, error)
        elif isinstance(fault, RefusedForGoodError) or claimed.attempts >= handler.attempts:
            logged.error("message_given_up")
            deliveries.give_up(claimed, error)
        else:
            logged.warning("message_postponed")
            wait = handler.waits[min(claimed.attempts, len(handler.waits)) - 1]
            deliveries.postpone(claimed, self._clock.now() + wait, error)


def describe(fault: Exception) -> str:
    """Return what went wrong, for an operator: the text of an expected fault, or the type of any other.

    The text of any other fault may quote personal data.
    """
    is_expected = isinstance(fault, NotDeliveredError | OutboundHttpError | UnavailableError)
    return str(fault) if is_expected else type(fault).__name__


def _clean_outbox(executor: Executor, now: datetime, limit: int) -> int:
    return Deliveries(executor).delete_old(now, limit)
