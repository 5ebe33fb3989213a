import base64
import threading
from datetime import timedelta

import pytest
from billing_link.new_rows import add_together
from billing_link.notifications.delivery import (
    LIMITS,
    Accepted,
    IdentityNotificationClient,
    NotAccepted,
    NotificationDelivery,
    UnknownResident,
    delete_old_notifications,
)
from billing_link.notifications.store import LEASE, NotificationKind, Notifications, new_notification
from billing_link.outbound_http import OutboundHttp
from billing_link.trusted_authorities import TrustedAuthorities

HTTP = OutboundHttp(LIMITS, TrustedAuthorities())


class Client:
    """Answers as `answer` says, and keeps what it accepted."""

    def __init__(self) -> None:
        self.accepted = []
        self.answer = lambda _notification: Accepted()

    def send(self, notification):
        outcome = self.answer(notification)
        if isinstance(outcome, Accepted):
            self.accepted.append(notification)
        return outcome


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def delivery(storage, client, clock):
    return NotificationDelivery(storage, client, clock)


@pytest.fixture
def queue(storage, clock):
    """Return a function that queues a notification."""

    def queue(subject="jane"):
        with storage.transaction() as tx:
            notification = new_notification(
                NotificationKind.AUTO_LINKED,
                city_id="pinellas-park",
                subject=subject,
                details={"account_ending": "1501", "undo_until": "2026-11-30"},
                now=clock.now(),
            )
            add_together(tx, notification)

    return queue


def state(rows):
    (row,) = rows("SELECT state, attempts, last_error, details FROM notices")
    return row


def test_a_notification_is_delivered_once_and_its_facts_are_deleted(delivery, client, queue, rows):
    queue()
    assert delivery.deliver_due() == 1
    assert delivery.deliver_due() == 0
    (notification,) = client.accepted
    assert (notification.kind, notification.subject, notification.city_id) == (
        NotificationKind.AUTO_LINKED,
        "jane",
        "pinellas-park",
    )
    assert notification.details == {"account_ending": "1501", "undo_until": "2026-11-30"}
    assert state(rows) == {"state": "delivered", "attempts": 1, "last_error": "", "details": {}}


def test_what_identity_does_not_take_is_tried_again_with_growing_waits(delivery, client, queue, rows, clock):
    queue()
    client.answer = lambda _notification: NotAccepted("identity answered 503")
    for wait in (5, 10, 20):
        assert delivery.deliver_due() == 1
        clock.advance(timedelta(seconds=wait - 1))
        assert delivery.deliver_due() == 0
        clock.advance(timedelta(seconds=1))
    assert state(rows)["last_error"] == "identity answered 503"
    client.answer = lambda _notification: Accepted()
    assert delivery.deliver_due() == 1
    assert state(rows)["state"] == "delivered"


def test_it_is_failed_after_more_than_a_day(delivery, client, queue, rows, clock):
    queue()
    client.answer = lambda _notification: NotAccepted("identity answered 503")
    began = clock.now()
    while state(rows)["state"] == "waiting":
        delivery.deliver_due()
        clock.advance(timedelta(hours=1))
    assert clock.now() - began > timedelta(days=1)
    assert state(rows)["state"] == "failed"
    assert state(rows)["details"] == {}


def test_a_resident_whom_identity_does_not_know_is_failed_at_once(delivery, client, queue, rows):
    queue()
    client.answer = lambda _notification: UnknownResident()
    delivery.deliver_due()
    assert state(rows)["state"] == "failed"


def test_one_that_fails_does_not_hold_up_the_others(delivery, client, queue, rows):
    for subject in ("first", "second", "third"):
        queue(subject)

    def refuse_the_second(notification):
        return NotAccepted("identity answered 500") if notification.subject == "second" else Accepted()

    client.answer = refuse_the_second
    assert delivery.deliver_due() == 3
    assert sorted(notification.subject for notification in client.accepted) == ["first", "third"]


class TestIdentityThatIsAway:
    AWAY = NotAccepted("identity cannot be reached: no answer in time", is_away=True)

    def test_one_at_a_time_finds_out(self, delivery, client, queue):
        for number in range(30):
            queue(f"resident-{number}")
        client.answer = lambda _notification: self.AWAY
        assert [delivery.deliver_due() for _ in range(5)] == [1] * 5

    def test_all_leave_once_it_is_back_however_long_it_was_away(self, delivery, client, queue, rows, clock):
        for number in range(20):
            queue(f"resident-{number}")
        client.answer = lambda _notification: self.AWAY
        for _ in range(200):
            delivery.deliver_due()
            clock.advance(timedelta(hours=1))
        assert {row["attempts"] for row in rows("SELECT attempts FROM notices")} == {0}
        client.answer = lambda _notification: Accepted()
        assert delivery.deliver_due() == 20
        assert len(client.accepted) == 20


def test_a_process_that_was_taken_for_dead_does_not_overwrite_the_outcome(storage, queue, clock, rows):
    queue()
    with storage.autocommit() as connection:
        notifications = Notifications(connection)
        (slow,) = notifications.claim_due(clock.now(), 1)
        clock.advance(LEASE)
        (quick,) = notifications.claim_due(clock.now(), 1)
        notifications.record_delivered(quick, clock.now())
        notifications.record_failed(slow, "too late")
    assert state(rows)["state"] == "delivered"


def test_a_lease_is_longer_than_a_delivery_and_a_minute_at_most():
    assert timedelta(seconds=LIMITS.total) * 3 < LEASE <= timedelta(minutes=1)


def test_a_delivery_that_died_is_taken_up_when_its_lease_ends(storage, delivery, client, queue, clock):
    queue()
    with storage.autocommit() as connection:
        assert len(Notifications(connection).claim_due(clock.now(), 10)) == 1
    assert delivery.deliver_due() == 0
    clock.advance(LEASE)
    assert delivery.deliver_due() == 1
    assert len(client.accepted) == 1


def test_two_processes_never_claim_the_same_notification(storage, queue, clock):
    for number in range(30):
        queue(f"resident-{number}")
    claimed, start = [], threading.Barrier(4)

    def claim():
        start.wait()
        with storage.autocommit() as connection:
            claimed.extend(
                notification.notification_id
                for notification in Notifications(connection).claim_due(clock.now(), 10)
            )

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed))


def test_a_notification_whose_cause_is_rolled_back_never_leaves(storage, delivery, client, clock):
    def fail_at_the_end():
        with storage.transaction() as tx:
            notification = new_notification(
                NotificationKind.LINKED, city_id="c", subject="jane", details={}, now=clock.now()
            )
            add_together(tx, notification)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    assert delivery.deliver_due() == 0


def test_delivered_notifications_are_deleted_after_thirty_days(storage, delivery, queue, rows, clock):
    queue("old")
    delivery.deliver_due()
    clock.advance(timedelta(days=30, seconds=1))
    queue("new")
    delivery.deliver_due()
    assert delete_old_notifications(storage, clock.now()) == 1
    assert [row["subject"] for row in rows("SELECT subject FROM notices")] == ["new"]


def test_the_thread_delivers_until_it_is_stopped(delivery, client, queue):
    queue()
    stop = threading.Event()
    thread = threading.Thread(target=delivery.run, args=(stop,))
    thread.start()
    for _ in range(200):
        if client.accepted:
            break
        threading.Event().wait(0.02)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(client.accepted) == 1


class TestIdentity:
    @pytest.fixture
    def claimed(self, storage, queue, clock):
        queue()
        with storage.autocommit() as connection:
            (notification,) = Notifications(connection).claim_due(clock.now(), 1)
        return notification

    @pytest.fixture
    def identity_client(self, identity):
        return IdentityNotificationClient(
            identity.issuer, "urn:community-access:billing-link", "a secret: +", HTTP
        )

    def test_it_is_posted_as_the_contract_says(self, identity, identity_client, claimed):
        assert identity_client.send(claimed) == Accepted()
        (posted,) = identity.notifications
        credentials = base64.b64decode(posted.pop("authorization").removeprefix("Basic ")).decode()
        assert credentials == "urn%3Acommunity-access%3Abilling-link:a+secret%3A+%2B"
        assert posted == {
            "id": claimed.notification_id,
            "sub": "jane",
            "kind": "utility_account_auto_linked",
            "city": "pinellas-park",
            "details": {"account_ending": "1501", "undo_until": "2026-11-30"},
        }

    def test_an_unknown_resident_is_undeliverable(self, identity, identity_client, claimed):
        identity.notification_status = 404
        assert identity_client.send(claimed) == UnknownResident()

    @pytest.mark.parametrize("status", [200, 302, 400, 500])
    def test_any_other_answer_is_tried_again(self, identity, identity_client, claimed, status):
        identity.notification_status = status
        assert identity_client.send(claimed) == NotAccepted(f"identity answered {status}")

    @pytest.mark.parametrize("status", [401, 429, 502, 503, 504])
    def test_one_that_concerns_every_notification_uses_up_no_attempt(
        self, identity, identity_client, claimed, status
    ):
        identity.notification_status = status
        assert identity_client.send(claimed) == NotAccepted(f"identity answered {status}", is_away=True)

    def test_an_identity_that_is_down_is_tried_again(self, claimed):
        outcome = IdentityNotificationClient("http://127.0.0.1:9", "a", "b", HTTP).send(claimed)
        assert isinstance(outcome, NotAccepted)
        assert outcome.reason.startswith("identity cannot be reached")
