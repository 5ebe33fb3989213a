import threading
import time
from datetime import timedelta

import pytest
from identity.errors import UnavailableError
from identity.outbox import worker as worker_module
from identity.outbox.delivery import (
    BACK_OFF,
    NoLongerUsefulError,
    NotAnsweredError,
    NotDeliveredError,
    RefusedForGoodError,
    ServerAwayError,
)
from identity.outbox.lanes import REMEMBERED, SLOW, Lanes
from identity.outbox.models import OutboxMessage
from identity.outbox.store import LEASE, Deliveries, Outbox, Outgoing
from identity.outbox.worker import Worker

PAYLOAD = '{"to": "jane@example.com", "link": "https://id/secret-token"}'


class Handler:
    """A delivery handler that remembers what it was given, and fails as it is told."""

    kind = "mail"
    waits = BACK_OFF
    attempts = 12

    def __init__(self) -> None:
        self.sent, self.faults = [], []

    def deliver(self, message_id, payload, requested_at):
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((message_id, payload, requested_at))


@pytest.fixture
def handler():
    return Handler()


@pytest.fixture
def worker(storage, secret_keys, handler, clock):
    return Worker(storage, secret_keys, [handler], clock)


@pytest.fixture
def queue(storage, secret_keys, clock):
    def queue():
        with storage.transaction() as tx:
            return Outbox(tx, secret_keys, clock).queue("mail", [Outgoing("example.com", PAYLOAD)])[0]

    return queue


@pytest.fixture
def rows(storage):
    def rows():
        with storage.autocommit() as connection:
            return connection.execute(OutboxMessage.__table__.select()).all()

    return rows


def test_a_message_leaves_once_its_transaction_has_committed(worker, handler, queue, now, rows):
    message_id = queue()
    assert worker.run_once() == 1
    assert handler.sent == [(message_id, PAYLOAD, now)]
    (row,) = rows()
    assert (row.state, row.delivered_at, row.payload) == ("delivered", now, "")
    assert worker.run_once() == 0


def test_a_message_whose_transaction_fails_never_leaves(worker, handler, storage, secret_keys, clock):
    def fail_half_way():
        with storage.transaction() as tx:
            Outbox(tx, secret_keys, clock).queue("mail", [Outgoing("example.com", PAYLOAD)])
            raise LookupError

    with pytest.raises(LookupError):
        fail_half_way()
    assert worker.run_once() == 0


def test_what_waits_is_encrypted(queue, rows):
    queue()
    (row,) = rows()
    for part in ("jane", "secret-token"):
        assert part not in str(row)


def test_a_message_that_cannot_be_delivered_is_tried_again_later_and_later(
    worker, handler, queue, clock, rows
):
    queue()
    waits = [10, 30, 120, 600, *[3600] * 7]
    for attempt, seconds in enumerate(waits, start=1):
        handler.faults = [OSError("jane@example.com")]
        assert worker.run_once() == 0
        (row,) = rows()
        assert (row.state, row.attempts, row.last_error) == ("waiting", attempt, "OSError")
        clock.advance(timedelta(seconds=seconds - 1))
        assert worker.run_once() == 0
        assert rows()[0].attempts == attempt
        clock.advance(timedelta(seconds=1))
    assert worker.run_once() == 1


def test_after_twelve_attempts_it_is_left_to_an_operator(worker, handler, queue, clock, rows):
    queue()
    handler.faults = [ConnectionResetError("jane@example.com") for _ in range(20)]
    for _ in range(20):
        worker.run_once()
        clock.advance(timedelta(hours=1))
    (row,) = rows()
    assert (row.state, row.attempts, row.last_error) == ("failed", 12, "ConnectionResetError")


def test_a_message_that_is_refused_for_good_is_not_tried_again(worker, handler, queue, rows):
    queue()
    handler.faults = [RefusedForGoodError("refused 550")]
    worker.run_once()
    (row,) = rows()
    assert (row.state, row.last_error) == ("failed", "refused 550")


def test_a_message_that_is_no_longer_true_is_dropped_with_what_it_held(worker, handler, queue, rows, capsys):
    queue()
    handler.faults = [NoLongerUsefulError("its code was replaced")]
    assert worker.run_once() == 0
    (row,) = rows()
    assert (row.state, row.payload, row.last_error) == ("dropped", "", "its code was replaced")
    assert "message_dropped" in "".join(capsys.readouterr())
    assert worker.run_once() == 0


def test_a_handler_says_how_long_to_wait(worker, handler, queue, clock):
    handler.waits = [timedelta(seconds=5), timedelta(seconds=7)]
    queue()
    for seconds in (5, 7, 7):
        handler.faults = [NotDeliveredError("busy 451")]
        worker.run_once()
        clock.advance(timedelta(seconds=seconds - 1))
        assert worker.run_once() == 0
        assert handler.faults == []
        clock.advance(timedelta(seconds=1))
    assert worker.run_once() == 1


def test_a_message_that_is_not_taken_now_is_tried_again(worker, handler, queue, clock):
    queue()
    handler.faults = [NotDeliveredError("busy 451")]
    worker.run_once()
    clock.advance(timedelta(seconds=10))
    assert worker.run_once() == 1


def test_one_bad_message_does_not_hold_up_the_others(worker, handler, queue):
    for _ in range(3):
        queue()
    handler.faults = [ValueError("a template is broken")]
    assert worker.run_once() == 2


def test_what_does_not_open_with_the_keys_is_visible(worker, queue, storage, rows):
    queue()
    with storage.autocommit() as connection:
        connection.execute(OutboxMessage.__table__.update().values(payload="not sealed by us"))
    worker.run_once()
    assert rows()[0].last_error == "DecryptionError"


def test_logs_name_neither_address_nor_link(worker, handler, queue, capsys):
    queue()
    handler.faults = [NotDeliveredError("busy 451"), RefusedForGoodError("refused 550")]
    worker.run_once()
    printed = "".join(capsys.readouterr())
    assert "message_postponed" in printed
    for part in ("jane", "secret-token"):
        assert part not in printed


def test_a_message_whose_worker_died_is_sent_by_another(storage, worker, handler, queue, clock):
    queue()
    with storage.autocommit() as connection:
        assert Deliveries(connection).claim_message(clock.now(), ["mail"])
        assert Deliveries(connection).claim_message(clock.now(), ["mail"]) is None
    assert worker.run_once() == 0
    clock.advance(LEASE)
    assert worker.run_once() == 1


def test_a_worker_that_was_taken_for_dead_does_not_overwrite_the_outcome(storage, queue, clock, rows):
    queue()
    with storage.autocommit() as connection:
        deliveries = Deliveries(connection)
        slow = deliveries.claim_message(clock.now(), ["mail"])
        clock.advance(LEASE)
        quick = deliveries.claim_message(clock.now(), ["mail"])
        deliveries.mark_delivered(quick, clock.now())
        deliveries.give_up(slow, "too late")
    assert rows()[0].state == "delivered"


def test_the_oldest_goes_first(worker, handler, queue, clock):
    first = queue()
    clock.advance(timedelta(seconds=1))
    second = queue()
    worker.run_once()
    assert [message_id for message_id, _, _ in handler.sent] == [first, second]


def test_cleaning_deletes_delivered_messages_after_a_week_and_failed_ones_after_ninety_days(
    worker, handler, queue, clock, rows
):
    queue()
    queue()
    queue()
    handler.faults = [RefusedForGoodError("refused 550"), NoLongerUsefulError("too old")]
    worker.run_once()
    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert worker.clean() == 0
    clock.advance(timedelta(seconds=1))
    assert worker.clean() == 1
    assert sorted(row.state for row in rows()) == ["dropped", "failed"]
    clock.advance(timedelta(days=83))
    assert worker.clean() == 2


def test_cleaning_goes_on_in_batches_until_nothing_is_left(storage, secret_keys, handler, clock):
    left, asked = [1203], []

    def cleaner(_executor, now, limit):
        asked.append((now, limit))
        done = min(limit, left[0])
        left[0] -= done
        return done

    assert Worker(storage, secret_keys, [handler], clock, [cleaner]).clean() == 1203
    assert asked == [(clock.now(), 500)] * 3


def test_a_cleaner_that_fails_stops_no_other(storage, secret_keys, handler, clock):
    def broken(_executor, _now, _limit):
        raise RuntimeError("no such table")

    assert Worker(storage, secret_keys, [handler], clock, [broken, lambda *_: 7]).clean() == 7


@pytest.fixture
def work():
    """Return a function that lets a worker run until something holds."""

    def work(worker, until, *, seconds=20):
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            time.sleep(0.01)
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()
        assert until()

    return work


def test_the_worker_delivers_and_cleans_until_it_is_told_to_stop(
    storage, secret_keys, handler, clock, queue, work
):
    cleaned = threading.Event()
    message_id = queue()
    worker = Worker(storage, secret_keys, [handler], clock, [lambda *_: cleaned.set() or 0])
    work(worker, lambda: handler.sent and cleaned.is_set())
    assert [sent[0] for sent in handler.sent] == [message_id]


def test_the_worker_waits_for_a_database_that_is_away(worker, handler, queue, work, monkeypatch):
    away, claim = [True], Deliveries.claim_message

    def sometimes(self, now, kinds, crowded):
        if away:
            away.clear()
            raise ConnectionError("the database is away")
        return claim(self, now, kinds, crowded)

    monkeypatch.setattr(Deliveries, "claim_message", sometimes)
    monkeypatch.setattr(worker_module, "AFTER_FAULT_SECONDS", 0.01)
    queue()
    work(worker, lambda: handler.sent)


def test_what_was_delivered_is_recorded_once_the_database_is_back(worker, queue, monkeypatch, rows):
    """Otherwise it would be delivered again when its lease ends."""
    faults, record = [UnavailableError("away")] * 3, Deliveries.mark_delivered

    def sometimes(self, claimed, now):
        if faults:
            raise faults.pop()
        record(self, claimed, now)

    monkeypatch.setattr(Deliveries, "mark_delivered", sometimes)
    monkeypatch.setattr(worker_module, "RECORD_AGAIN_SECONDS", 0.01)
    queue()
    assert worker.run_once() == 1
    assert rows()[0].state == "delivered"


def test_a_claim_that_used_up_its_lease_is_left(worker, handler, queue, clock, monkeypatch):
    claim = Deliveries.claim_message

    def slow(self, now, kinds, crowded):
        clock.advance(timedelta(seconds=10))
        return claim(self, now, kinds, crowded)

    with monkeypatch.context() as slowly:
        slowly.setattr(Deliveries, "claim_message", slow)
        queue()
        assert worker.run_once() == 0
    assert handler.sent == []
    clock.advance(LEASE)
    assert worker.run_once() == 1


def test_a_worker_that_dies_delays_its_message_by_a_minute_at_most():
    assert timedelta(seconds=55) <= LEASE <= timedelta(minutes=1)


class TestServerThatIsAway:
    """What is not the fault of a message costs it nothing."""

    def test_its_messages_are_tried_one_at_a_time_with_pauses_until_it_is_back(
        self, worker, handler, queue, clock, rows
    ):
        for _ in range(30):
            queue()
        handler.faults = [ServerAwayError("ConnectionRefusedError") for _ in range(20)]
        tried = []
        while handler.faults:
            before = len(handler.faults)
            worker.run_once()
            tried.append(before - len(handler.faults))
            clock.advance(timedelta(seconds=10))
        # The lanes of a healthy server halve at each refusal; then one at a time finds out.
        assert tried == [5, *[1] * 15]
        assert {row.attempts for row in rows()} == {0}
        assert worker.run_once() == 30

    def test_no_attempt_is_used_up(self, worker, handler, queue, clock, rows):
        queue()
        handler.faults = [ServerAwayError("SMTPAuthenticationError 535") for _ in range(100)]
        while handler.faults:
            worker.run_once()
            clock.advance(timedelta(seconds=10))
        (row,) = rows()
        assert (row.state, row.attempts, row.last_error) == ("waiting", 0, "SMTPAuthenticationError 535")
        handler.faults = [NotDeliveredError("450")]
        worker.run_once()
        clock.advance(BACK_OFF[0])
        assert worker.run_once() == 1

    def test_what_was_not_answered_is_tried_again_within_a_minute(self, worker, handler, queue, clock):
        queue()
        for wait in (10, 30, 60, 60, 60, 60):
            handler.faults = [NotAnsweredError("no answer in time")]
            worker.run_once()
            clock.advance(timedelta(seconds=wait - 1))
            assert worker.run_once() == 0
            clock.advance(timedelta(seconds=1))
        assert worker.run_once() == 1


class SlowHandler(Handler):
    """Some destinations keep it waiting until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on, self.waiting = threading.Event(), []

    def deliver(self, message_id, payload, requested_at):
        if payload.startswith("slow"):
            self.waiting.append(payload)
            self.go_on.wait(20)
        super().deliver(message_id, payload, requested_at)


class TestSlowDestination:
    @pytest.fixture
    def slow(self):
        handler = SlowHandler()
        yield handler
        handler.go_on.set()

    @pytest.fixture
    def queue_for(self, storage, secret_keys, clock):
        def queue_for(destination, number):
            with storage.transaction() as tx:
                messages = [Outgoing(destination, f"{destination} {each}") for each in range(number)]
                Outbox(tx, secret_keys, clock).queue("mail", messages)

        return queue_for

    def test_it_leaves_lanes_for_the_others(self, storage, secret_keys, clock, slow, queue_for, work):
        queue_for("slow", 40)
        clock.advance(timedelta(seconds=1))
        queue_for("quick", 20)
        worker = Worker(storage, secret_keys, [slow], clock, lanes=8)
        waiting_meanwhile = []

        def have_left():
            if len(slow.sent) >= 20 and not slow.go_on.is_set():
                waiting_meanwhile.extend(slow.waiting)
                slow.go_on.set()
            return slow.go_on.is_set()

        work(worker, have_left)
        assert len(waiting_meanwhile) == 2

    def test_many_that_are_slow_leave_half_the_lanes(self, clock):
        lanes, slow = Lanes(8), ["slow1", "slow2", "slow3", "slow4", "slow5"]
        begun = [lanes.begin(name, clock.now()) for name in slow]
        clock.advance(SLOW)
        for each in begun:
            lanes.end(each, clock.now(), is_away=False)
        assert lanes.crowded(clock.now()) == []
        begun = [lanes.begin(name, clock.now()) for name in slow[:4]]
        assert lanes.crowded(clock.now()) == slow
        for each in begun:
            lanes.end(each, clock.now(), is_away=False)
        clock.advance(REMEMBERED)
        for name in slow[:4]:
            lanes.begin(name, clock.now())
        assert lanes.crowded(clock.now()) == []

    def test_one_that_is_slow_now_is_known_before_it_ends(self, clock):
        lanes = Lanes(8)
        for name in ("a", "b", "c", "d"):
            lanes.begin(name, clock.now())
        assert lanes.crowded(clock.now()) == []
        clock.advance(SLOW)
        assert lanes.crowded(clock.now()) == ["a", "b", "c", "d"]


def test_two_workers_share_what_waits(storage, secret_keys, clock, queue, work):
    """No message is delivered twice, none stays."""
    first, second, queued = Handler(), Handler(), [queue() for _ in range(60)]
    workers = [Worker(storage, secret_keys, [each], clock, lanes=4) for each in (first, second)]
    stop = threading.Event()
    beside = threading.Thread(target=workers[1].run, args=(stop,))
    beside.start()
    work(workers[0], lambda: len(first.sent) + len(second.sent) >= 60)
    stop.set()
    beside.join(20)
    assert sorted(each[0] for each in (*first.sent, *second.sent)) == sorted(queued)
