import threading
from datetime import timedelta

import pytest
from identity.outbox import worker as worker_module
from identity.outbox.delivery import BACK_OFF, NoLongerUsefulError, NotDeliveredError, RefusedForGoodError
from identity.outbox.models import OutboxMessage
from identity.outbox.store import LEASE, Deliveries, Outbox
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
            return Outbox(tx, secret_keys, clock).queue("mail", [PAYLOAD])[0]

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
            Outbox(tx, secret_keys, clock).queue("mail", [PAYLOAD])
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


def run_in_a_thread(app, worker, stop):
    def run():
        with app.app_context():
            worker.run(stop)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert stop.is_set()


def test_the_worker_delivers_and_cleans_until_it_is_told_to_stop(
    storage_app, secret_keys, handler, clock, queue
):
    storage, app = storage_app
    stop = threading.Event()

    def last(_executor, _now, _limit):
        stop.set()
        return 0

    message_id = queue()
    run_in_a_thread(app, Worker(storage, secret_keys, [handler], clock, [last]), stop)
    assert [sent[0] for sent in handler.sent] == [message_id]


def test_the_worker_waits_for_a_database_that_is_away(storage_app, worker, handler, queue, monkeypatch):
    stop, away, claim = threading.Event(), [True], Deliveries.claim_message

    def sometimes(self, now, kinds):
        if away:
            away.clear()
            raise ConnectionError("the database is away")
        return claim(self, now, kinds)

    def last(_executor, _now, _limit):
        stop.set()
        return 0

    monkeypatch.setattr(Deliveries, "claim_message", sometimes)
    monkeypatch.setattr(worker_module, "AFTER_FAULT_SECONDS", 0.01)
    # Private: a worker has no public way to clean one table alone.
    monkeypatch.setattr(worker, "_cleaners", [last])
    queue()
    run_in_a_thread(storage_app[1], worker, stop)
    assert len(handler.sent) == 1
