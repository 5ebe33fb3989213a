"""The worker: delivers the messages of the outbox, and deletes rows that are no longer needed."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event, Lock, Thread

import structlog

from identity.clock import Clock
from identity.errors import UnavailableError
from identity.outbound_http import OutboundHttpError
from identity.outbox.delivery import (
    DeliveryHandler,
    NoLongerUsefulError,
    NotAnsweredError,
    NotDeliveredError,
    RefusedForGoodError,
    ServerAwayError,
)
from identity.outbox.lanes import Lanes, Try
from identity.outbox.store import ClaimedMessage, Deliveries
from identity.secret_keys import SecretKeys
from identity.storage import Executor, Storage

# Deliveries at a time, of one worker.
LANES = 16
# At most so many messages in one call of `run_once`.
ROUND = 100
IDLE_SECONDS = 1.0
AFTER_FAULT_SECONDS = 5.0
# Of the lease, what a claim may use up before its message is better left to the next one.
CLAIM = timedelta(seconds=10)
# How often an outcome is written again while the database does not answer, with so many seconds in between.
RECORDINGS, RECORD_AGAIN_SECONDS = 60, 1.0
_MINUTE = timedelta(minutes=1)

CLEAN_EVERY = timedelta(minutes=10)
BATCH = 500
BATCHES = 200

# Deletes up to so many rows that are old at this time, and returns how many were deleted.
Cleaner = Callable[[Executor, datetime, int], int]

log = structlog.get_logger(__name__)


class Worker:
    """Delivers messages of its handlers' kinds, at least once.

    Any number of workers may run, on any number of machines; no two deliver one message at a time. One lane
    at a time claims, and delivers at once what it has claimed: nothing that is claimed waits.
    """

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        handlers: Sequence[DeliveryHandler],
        clock: Clock,
        cleaners: Sequence[Cleaner] = (),
        *,
        lanes: int = LANES,
        when_idle: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what is called about once a second while nothing may be delivered."""
        self._storage = storage
        self._secret_keys = secret_keys
        self._handlers = {handler.kind: handler for handler in handlers}
        self._clock = clock
        self._cleaners = (_clean_outbox, *cleaners)
        self._number, self._lanes = lanes, Lanes(lanes)
        self._when_idle = when_idle
        self._turn, self._freed, self._stop = Lock(), Event(), Event()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set, and end once what was begun is delivered or postponed.

        After a fault, such as a database that is down, it waits five seconds.
        """
        self._stop = stop
        lanes = [
            Thread(target=self._work, name=f"delivery {number}", daemon=True)
            for number in range(self._number)
        ]
        for lane in lanes:
            lane.start()
        while not stop.is_set():
            self.clean()
            stop.wait(CLEAN_EVERY.total_seconds())
        for lane in lanes:
            lane.join()

    def run_once(self) -> int:
        """Attempt what is due now, one after the other, at most a hundred; return how many were delivered."""
        delivered = 0
        for _ in range(ROUND):
            claimed = self._claim()
            if claimed is None:
                break
            delivered += self._attempt(*claimed)
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

    def _work(self) -> None:
        """Deliver one message after the other until the worker stops."""
        while not self._stop.is_set():
            with self._turn:
                claimed = self._wait_for_message()
            if claimed is None:
                return
            try:
                self._attempt(*claimed)
            except Exception as fault:  # noqa: BLE001 - the lane goes on; the message is due when its lease ends
                log.error("worker_round_failed", fault=describe(fault))  # noqa: TRY400 - its text may hold data
            self._freed.set()

    def _wait_for_message(self) -> tuple[ClaimedMessage, Try] | None:
        """Claim the next message once there is one; None if the worker stops."""
        while not self._stop.is_set():
            try:
                if claimed := self._claim():
                    return claimed
                self._when_idle()
            except Exception as fault:  # noqa: BLE001 - the next claim may succeed
                log.error("worker_round_failed", fault=describe(fault))  # noqa: TRY400 - its text may hold data
                self._stop.wait(AFTER_FAULT_SECONDS)
                continue
            # A lane that is free again may make room for what had to stay.
            self._freed.wait(IDLE_SECONDS)
            self._freed.clear()
        return None

    def _claim(self) -> tuple[ClaimedMessage, Try] | None:
        now = self._clock.now()
        if self._lanes.is_full(now):
            return None
        with self._storage.autocommit() as connection:
            claimed = Deliveries(connection).claim_message(now, self._handlers, self._lanes.crowded(now))
        if claimed is None:
            return None
        if self._clock.now() - now >= CLAIM:
            # Of its lease too little is left.
            log.warning("claim_took_too_long", message=claimed.id)
            return None
        return claimed, self._lanes.begin(claimed.destination, now)

    def _attempt(self, claimed: ClaimedMessage, begun: Try) -> bool:
        """Deliver one message, with no database connection held meanwhile, and record the outcome."""
        fault: Exception | None = None
        try:
            payload = self._secret_keys.decrypt(claimed.payload)
            self._handlers[claimed.kind].deliver(claimed.id, payload, claimed.created_at)
        except Exception as raised:  # noqa: BLE001 - the message must not be lost, nor stop the others
            fault = raised
        try:
            self._record(claimed, fault)
        finally:
            self._lanes.end(begun, self._clock.now(), is_away=isinstance(fault, ServerAwayError))
        return fault is None

    def _record(self, claimed: ClaimedMessage, fault: Exception | None) -> None:
        """Record the outcome; while the database is away, again and again: a mail must not leave twice."""
        for _ in range(RECORDINGS):
            try:
                with self._storage.autocommit() as connection:
                    deliveries = Deliveries(connection)
                    if fault is None:
                        deliveries.mark_delivered(claimed, self._clock.now())
                    else:
                        self._record_fault(deliveries, claimed, fault)
            except UnavailableError:
                if self._stop.wait(RECORD_AGAIN_SECONDS):
                    break
            else:
                return
        log.error("outcome_not_recorded", message=claimed.id, delivered=fault is None)

    def _record_fault(self, deliveries: Deliveries, claimed: ClaimedMessage, fault: Exception) -> None:
        handler, error = self._handlers[claimed.kind], describe(fault)
        logged = log.bind(message=claimed.id, attempts=claimed.attempts, fault=error)
        if isinstance(fault, ServerAwayError):
            deliveries.release(claimed, self._clock.now(), error)
            logged.warning("message_postponed")
        elif isinstance(fault, NoLongerUsefulError):
            deliveries.drop(claimed, error)
            logged.warning("message_dropped")
        elif isinstance(fault, RefusedForGoodError) or claimed.attempts >= handler.attempts:
            deliveries.give_up(claimed, error)
            logged.error("message_given_up")
        else:
            wait = handler.waits[min(claimed.attempts, len(handler.waits)) - 1]
            if isinstance(fault, NotAnsweredError):
                wait = min(wait, _MINUTE)
            deliveries.postpone(claimed, self._clock.now() + wait, error)
            logged.warning("message_postponed")


def describe(fault: Exception) -> str:
    """Return what went wrong, for an operator: the text of an expected fault, or the type of any other.

    The text of any other fault may quote personal data.
    """
    is_expected = isinstance(fault, NotDeliveredError | OutboundHttpError | UnavailableError)
    return str(fault) if is_expected else type(fault).__name__


def _clean_outbox(executor: Executor, now: datetime, limit: int) -> int:
    return Deliveries(executor).delete_old(now, limit)
