import smtplib
import threading
from datetime import timedelta

import pytest
from identity.mail.messages import Mail, Template
from identity.outbox import worker as worker_module
from identity.outbox.delivery import MailDelivery
from identity.outbox.models import OutboxMessage
from identity.outbox.store import LEASE, Deliveries, Outbox
from identity.outbox.worker import BACK_OFF, Worker, back_off

RESET = Mail("jane@example.com", "en", Template.RESET_PASSWORD, None, {"link": "https://id/secret-token"})


class Sender:
    """A mailer that remembers what it was given, and fails as it is told."""

    def __init__(self) -> None:
        self.sent, self.faults = [], []

    def send(self, message_id, mail, requested_at):
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((message_id, mail, requested_at))


@pytest.fixture
def sender():
    return Sender()


@pytest.fixture
def worker(storage, secret_keys, sender, clock):
    return Worker(storage, secret_keys, [MailDelivery(sender)], clock)


@pytest.fixture
def queue(storage, secret_keys, clock):
    def queue(mail=RESET):
        with storage.transaction() as tx:
            return Outbox(tx, secret_keys, clock).mail(mail)

    return queue


@pytest.fixture
def rows(storage):
    def rows():
        with storage.autocommit() as connection:
            return connection.execute(OutboxMessage.__table__.select()).all()

    return rows


def refused(code):
    return smtplib.SMTPRecipientsRefused({"jane@example.com": (code, b"jane@example.com is not welcome")})


def test_a_mail_leaves_once_its_transaction_has_committed(worker, sender, queue, now, rows):
    message_id = queue()
    assert worker.run_once() == 1
    assert sender.sent == [(message_id, RESET, now)]
    (row,) = rows()
    assert (row.state, row.delivered_at, row.payload) == ("delivered", now, "")
    assert worker.run_once() == 0


def test_a_mail_whose_transaction_fails_never_leaves(worker, sender, storage, secret_keys, clock):
    def fail_half_way():
        with storage.transaction() as tx:
            Outbox(tx, secret_keys, clock).mail(RESET)
            raise LookupError

    with pytest.raises(LookupError):
        fail_half_way()
    assert worker.run_once() == 0


def test_what_waits_is_sealed(queue, rows):
    queue()
    (row,) = rows()
    for part in ("jane", "secret-token"):
        assert part not in str(row)


def test_a_mail_that_cannot_be_delivered_is_tried_again_later_and_later(worker, sender, queue, clock, rows):
    queue()
    waits = [10, 30, 120, 600, *[3600] * 7]
    for attempt, seconds in enumerate(waits, start=1):
        sender.faults = [OSError("jane@example.com")]
        assert worker.run_once() == 0
        (row,) = rows()
        assert (row.state, row.attempts, row.last_error) == ("waiting", attempt, "OSError")
        clock.advance(timedelta(seconds=seconds - 1))
        assert worker.run_once() == 0
        assert rows()[0].attempts == attempt
        clock.advance(timedelta(seconds=1))
    assert worker.run_once() == 1


def test_after_twelve_attempts_it_is_left_to_an_operator(worker, sender, queue, clock, rows):
    queue()
    sender.faults = [smtplib.SMTPServerDisconnected() for _ in range(20)]
    for _ in range(20):
        worker.run_once()
        clock.advance(timedelta(hours=1))
    (row,) = rows()
    assert (row.state, row.attempts, row.last_error) == ("failed", 12, "SMTPServerDisconnected")


def test_a_mailbox_that_does_not_exist_is_not_tried_again(worker, sender, queue, rows):
    queue()
    sender.faults = [refused(550)]
    worker.run_once()
    (row,) = rows()
    assert (row.state, row.last_error) == ("failed", "SMTPRecipientsRefused 550")


def test_a_mailbox_that_is_busy_is_tried_again(worker, sender, queue, clock):
    queue()
    sender.faults = [refused(451)]
    worker.run_once()
    clock.advance(timedelta(seconds=10))
    assert worker.run_once() == 1


def test_one_bad_mail_does_not_hold_up_the_others(worker, sender, queue):
    for _ in range(3):
        queue()
    sender.faults = [ValueError("a template is broken")]
    assert worker.run_once() == 2


def test_what_does_not_open_with_the_keys_is_visible(worker, queue, storage, rows):
    queue()
    with storage.autocommit() as connection:
        connection.execute(OutboxMessage.__table__.update().values(payload="not sealed by us"))
    worker.run_once()
    assert rows()[0].last_error == "DecryptionError"


def test_logs_name_neither_address_nor_link(worker, sender, queue, capsys):
    queue()
    sender.faults = [refused(451), refused(550)]
    worker.run_once()
    printed = "".join(capsys.readouterr())
    assert "message_postponed" in printed
    for part in ("jane", "secret-token"):
        assert part not in printed


def test_a_message_whose_worker_died_is_sent_by_another(storage, worker, sender, queue, clock):
    queue()
    with storage.autocommit() as connection:
        assert Deliveries(connection).claim(clock.now(), ["mail"])
        assert Deliveries(connection).claim(clock.now(), ["mail"]) is None
    assert worker.run_once() == 0
    clock.advance(LEASE)
    assert worker.run_once() == 1


def test_a_worker_that_was_taken_for_dead_does_not_overwrite_the_outcome(storage, queue, clock, rows):
    queue()
    with storage.autocommit() as connection:
        deliveries = Deliveries(connection)
        slow = deliveries.claim(clock.now(), ["mail"])
        clock.advance(LEASE)
        quick = deliveries.claim(clock.now(), ["mail"])
        deliveries.delivered(quick, clock.now())
        deliveries.give_up(slow, "too late")
    assert rows()[0].state == "delivered"


def test_the_oldest_goes_first(worker, sender, queue, clock):
    first = queue()
    clock.advance(timedelta(seconds=1))
    second = queue()
    worker.run_once()
    assert [message_id for message_id, _, _ in sender.sent] == [first, second]


def test_cleaning_deletes_delivered_mails_after_a_week_and_failed_ones_after_ninety_days(
    worker, sender, queue, clock, rows
):
    queue()
    queue()
    sender.faults = [refused(550)]
    worker.run_once()
    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert worker.clean() == 0
    clock.advance(timedelta(seconds=1))
    assert worker.clean() == 1
    assert [row.state for row in rows()] == ["failed"]
    clock.advance(timedelta(days=83))
    assert worker.clean() == 1


def test_cleaning_goes_on_in_batches_until_nothing_is_left(storage, secret_keys, sender, clock):
    left, asked = [1203], []

    def cleaner(_executor, now, limit):
        asked.append((now, limit))
        done = min(limit, left[0])
        left[0] -= done
        return done

    assert Worker(storage, secret_keys, [MailDelivery(sender)], clock, [cleaner]).clean() == 1203
    assert asked == [(clock.now(), 500)] * 3


def test_a_cleaner_that_fails_stops_no_other(storage, secret_keys, sender, clock):
    def broken(_executor, _now, _limit):
        raise RuntimeError("no such table")

    assert Worker(storage, secret_keys, [MailDelivery(sender)], clock, [broken, lambda *_: 7]).clean() == 7


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
    storage_app, secret_keys, sender, clock, queue
):
    storage, app = storage_app
    stop = threading.Event()

    def last(_executor, _now, _limit):
        stop.set()
        return 0

    message_id = queue()
    run_in_a_thread(app, Worker(storage, secret_keys, [MailDelivery(sender)], clock, [last]), stop)
    assert [sent[0] for sent in sender.sent] == [message_id]


def test_the_worker_waits_for_a_database_that_is_away(storage_app, worker, sender, queue, monkeypatch):
    stop, away, claim = threading.Event(), [True], Deliveries.claim

    def sometimes(self, now, kinds):
        if away:
            away.clear()
            raise ConnectionError("the database is away")
        return claim(self, now, kinds)

    def last(_executor, _now, _limit):
        stop.set()
        return 0

    monkeypatch.setattr(Deliveries, "claim", sometimes)
    monkeypatch.setattr(worker_module, "AFTER_FAULT_SECONDS", 0.01)
    monkeypatch.setattr(worker, "_cleaners", [last])
    queue()
    run_in_a_thread(storage_app[1], worker, stop)
    assert len(sender.sent) == 1


def test_the_back_off_ends_at_an_hour():
    assert back_off(1) == BACK_OFF[0] == timedelta(seconds=10)
    assert back_off(50) == timedelta(hours=1)
