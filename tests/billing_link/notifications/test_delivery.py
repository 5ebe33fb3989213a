import base64
import threading
from datetime import timedelta

import pytest
from billing_link.notifications.delivery import (
    Courier,
    IdentityDesk,
    NotDeliveredError,
    UndeliverableError,
    forget_old,
)
from billing_link.notifications.store import LEASE, NoticeKind, Notices


class Desk:
    """Takes notices, or refuses them as told."""

    def __init__(self) -> None:
        self.taken = []
        self.refuses_with = None

    def hand_over(self, notice):
        if self.refuses_with:
            raise self.refuses_with
        self.taken.append(notice)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def courier(storage, desk, clock):
    return Courier(storage, desk, clock)


@pytest.fixture
def queue(storage, clock):
    """Return a function that queues a notice."""

    def queue(subject="jane"):
        with storage.transaction() as connection:
            Notices(connection).queue(
                NoticeKind.AUTO_LINKED,
                city_id="pinellas-park",
                subject=subject,
                details={"account_ending": "1501", "undo_until": "2026-11-30"},
                now=clock.now(),
            )

    return queue


def state(rows):
    (row,) = rows("SELECT state, attempts, last_error, details FROM notices")
    return row


def test_a_notice_is_delivered_once_and_its_facts_are_forgotten(courier, desk, queue, rows):
    queue()
    assert courier.deliver_due() == 1
    assert courier.deliver_due() == 0
    (notice,) = desk.taken
    assert (notice.kind, notice.subject, notice.city_id) == (NoticeKind.AUTO_LINKED, "jane", "pinellas-park")
    assert notice.details == {"account_ending": "1501", "undo_until": "2026-11-30"}
    assert state(rows) == {"state": "delivered", "attempts": 1, "last_error": "", "details": {}}


def test_what_identity_does_not_take_is_tried_again_with_growing_waits(courier, desk, queue, rows, clock):
    queue()
    desk.refuses_with = NotDeliveredError("identity answered 503")
    for wait in (5, 10, 20):
        assert courier.deliver_due() == 1
        clock.advance(timedelta(seconds=wait - 1))
        assert courier.deliver_due() == 0
        clock.advance(timedelta(seconds=1))
    assert state(rows)["last_error"] == "identity answered 503"
    desk.refuses_with = None
    assert courier.deliver_due() == 1
    assert state(rows)["state"] == "delivered"


def test_it_is_given_up_after_more_than_a_day(courier, desk, queue, rows, clock):
    queue()
    desk.refuses_with = NotDeliveredError("identity answered 503")
    began = clock.now()
    while state(rows)["state"] == "waiting":
        courier.deliver_due()
        clock.advance(timedelta(hours=1))
    assert clock.now() - began > timedelta(days=1)
    assert state(rows)["state"] == "failed"
    assert state(rows)["details"] == {}


def test_a_resident_whom_identity_does_not_know_is_given_up_at_once(courier, desk, queue, rows):
    queue()
    desk.refuses_with = UndeliverableError("identity knows no such resident")
    courier.deliver_due()
    assert state(rows)["state"] == "failed"


def test_one_that_fails_does_not_hold_up_the_others(courier, desk, queue, rows):
    for subject in ("first", "second", "third"):
        queue(subject)
    hand_over = desk.hand_over

    def refuse_the_second(notice):
        if notice.subject == "second":
            raise NotDeliveredError("identity answered 500")
        hand_over(notice)

    desk.hand_over = refuse_the_second
    assert courier.deliver_due() == 3
    assert sorted(notice.subject for notice in desk.taken) == ["first", "third"]


def test_a_courier_that_died_on_the_way_is_replaced(storage, courier, desk, queue, clock):
    queue()
    with storage.autocommit() as connection:
        assert len(Notices(connection).claim_due(clock.now(), 10)) == 1
    assert courier.deliver_due() == 0
    clock.advance(LEASE)
    assert courier.deliver_due() == 1
    assert len(desk.taken) == 1


def test_two_couriers_never_claim_the_same_notice(storage, queue, clock):
    for number in range(30):
        queue(f"resident-{number}")
    claimed, start = [], threading.Barrier(4)

    def claim():
        start.wait()
        with storage.autocommit() as connection:
            claimed.extend(notice.notice_id for notice in Notices(connection).claim_due(clock.now(), 10))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed))


def test_a_notice_whose_cause_is_rolled_back_never_leaves(storage, courier, desk, clock):
    def fail_at_the_end():
        with storage.transaction() as connection:
            Notices(connection).queue(
                NoticeKind.LINKED, city_id="c", subject="jane", details={}, now=clock.now()
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    assert courier.deliver_due() == 0


def test_delivered_notices_are_forgotten_after_thirty_days(storage, courier, queue, rows, clock):
    queue("old")
    courier.deliver_due()
    clock.advance(timedelta(days=30, seconds=1))
    queue("new")
    courier.deliver_due()
    assert forget_old(storage, clock.now()) == 1
    assert [row["subject"] for row in rows("SELECT subject FROM notices")] == ["new"]


def test_the_thread_delivers_until_it_is_stopped(courier, desk, queue):
    queue()
    stop = threading.Event()
    thread = threading.Thread(target=courier.run, args=(stop,))
    thread.start()
    for _ in range(200):
        if desk.taken:
            break
        threading.Event().wait(0.02)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(desk.taken) == 1


class TestIdentity:
    @pytest.fixture
    def claimed(self, storage, queue, clock):
        queue()
        with storage.autocommit() as connection:
            (notice,) = Notices(connection).claim_due(clock.now(), 1)
        return notice

    @pytest.fixture
    def identity_desk(self, identity):
        return IdentityDesk(identity.issuer, "urn:community-access:billing-link", "a secret: +")

    def test_it_is_posted_as_the_contract_says(self, identity, identity_desk, claimed):
        identity_desk.hand_over(claimed)
        (posted,) = identity.notices
        credentials = base64.b64decode(posted.pop("authorization").removeprefix("Basic ")).decode()
        assert credentials == "urn%3Acommunity-access%3Abilling-link:a+secret%3A+%2B"
        assert posted == {
            "id": claimed.notice_id,
            "sub": "jane",
            "kind": "utility_account_auto_linked",
            "city": "pinellas-park",
            "details": {"account_ending": "1501", "undo_until": "2026-11-30"},
        }

    def test_an_unknown_resident_is_undeliverable(self, identity, identity_desk, claimed):
        identity.notice_status = 404
        with pytest.raises(UndeliverableError):
            identity_desk.hand_over(claimed)

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500, 503])
    def test_any_other_answer_is_tried_again(self, identity, identity_desk, claimed, status):
        identity.notice_status = status
        with pytest.raises(NotDeliveredError, match=f"identity answered {status}"):
            identity_desk.hand_over(claimed)

    def test_an_identity_that_is_down_is_tried_again(self, claimed):
        with pytest.raises(NotDeliveredError, match="cannot be reached"):
            IdentityDesk("http://127.0.0.1:9", "a", "b").hand_over(claimed)
