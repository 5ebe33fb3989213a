"""How long a session lives, and that it is over when it is over."""

from datetime import timedelta

from portal.storage import Storage
from portal.web.sessions.store import Sessions


def test_a_session_ends_after_thirty_idle_minutes(resident, clock) -> None:
    clock.advance(timedelta(minutes=29))
    assert resident.get("/home").status_code == 200

    clock.advance(timedelta(minutes=30))
    assert resident.get("/home").location.startswith("/sign-in")


def test_a_busy_session_ends_after_twelve_hours(resident, clock) -> None:
    for _ in range(35):
        clock.advance(timedelta(minutes=20))
        assert resident.page("/").form("/sign-out")
    clock.advance(timedelta(minutes=20))

    assert resident.get("/home").location.startswith("/sign-in")


def test_staying_signed_in_counts_as_use(resident, clock) -> None:
    clock.advance(timedelta(minutes=29))
    assert resident.post("/session/keep").status_code == 204
    clock.advance(timedelta(minutes=29))
    assert resident.post("/session/keep").status_code == 204
    clock.advance(timedelta(minutes=30))

    assert resident.post("/session/keep").status_code == 401


def test_a_made_up_cookie_is_not_signed_in(visitor) -> None:
    visitor.client.set_cookie("portal", "made-up")

    assert visitor.get("/home").location.startswith("/sign-in")


def test_reading_pages_writes_at_most_once_a_minute(resident, settings, clock) -> None:
    signed_in_at = clock.now()
    storage, secret = (
        Storage(settings.database_url.get_secret_value()),
        resident.client.get_cookie("portal").value,
    )

    def last_seen():
        with storage.transaction() as tx:
            return Sessions(tx).find_session(secret, clock.now()).last_seen_at

    clock.advance(timedelta(seconds=59))
    resident.get("/")
    assert last_seen() == signed_in_at
    clock.advance(timedelta(seconds=1))
    resident.get("/")
    assert last_seen() == clock.now()
    storage.dispose()


def test_sessions_that_are_over_are_deleted(settings, clock) -> None:
    storage = Storage(settings.database_url.get_secret_value())
    with storage.transaction() as tx:
        Sessions(tx).add_session("old", "resident-1", "", "sealed", clock.now())
    clock.advance(timedelta(minutes=20))
    with storage.transaction() as tx:
        Sessions(tx).add_session("new", "resident-1", "", "sealed", clock.now())
    clock.advance(timedelta(minutes=10))

    with storage.transaction() as tx:
        assert Sessions(tx).delete_expired_sessions(clock.now()) == 1
        assert Sessions(tx).end_session("old") is None
        assert Sessions(tx).end_session("new") == "sealed"
    storage.dispose()
