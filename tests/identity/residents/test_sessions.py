from datetime import timedelta

import pytest
from identity.residents.accounts.models import Resident
from identity.residents.sessions.models import Session
from identity.residents.sessions.store import EndedSession, Sessions
from sent_statements import sent_statements
from sqlalchemy import update

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def sessions(connection):
    return Sessions(connection)


@pytest.fixture
def jane(add_resident):
    return add_resident()


@pytest.fixture
def begin(sessions, jane, now):
    def begin(*, remembered=False, resident=jane, at=now):
        return sessions.insert_session(
            resident_id=resident.id,
            amr=["pwd"],
            remembered=remembered,
            now=at,
            user_agent="Browser/1.0",
            ip_address="192.0.2.1",
        )

    return begin


def test_a_session_is_found_by_its_secret_alone(sessions, begin, jane, now):
    begun = begin()
    live = sessions.find_session(begun.secret, now)
    assert (live.sid, live.resident_id, live.amr, live.remembered) == (begun.sid, jane.id, ["pwd"], False)
    assert live.authenticated_at == live.created_at == now
    assert (live.user_agent, live.ip_address) == ("Browser/1.0", "192.0.2.1")
    assert sessions.find_session(begun.sid, now) is None
    assert sessions.find_session("", now) is None


def test_the_secret_is_not_in_the_database(connection, begin):
    begun = begin()
    stored = connection.execute(Session.__table__.select()).one()
    assert begun.secret not in map(str, stored)


def test_finding_is_one_statement(begin, sessions, now):
    begun = begin()
    with sent_statements() as sent:
        assert sessions.find_session(begun.secret, now)
    [(statement, _)] = sent
    assert statement.startswith("SELECT")


def test_thirty_minutes_without_a_request_end_it(sessions, begin, now):
    begun = begin()
    assert sessions.find_session(begun.secret, now + 30 * MINUTE - timedelta(seconds=1))
    assert sessions.find_session(begun.secret, now + 30 * MINUTE) is None


def test_use_keeps_it_alive_for_twelve_hours_in_all(sessions, begin, now):
    begun = begin()
    at = now
    while at < now + 12 * HOUR - 20 * MINUTE:
        at += 20 * MINUTE
        assert sessions.find_session(begun.secret, at)
        sessions.touch_session(begun.sid, at)
    assert sessions.find_session(begun.secret, now + 12 * HOUR - timedelta(seconds=1))
    assert sessions.find_session(begun.secret, now + 12 * HOUR) is None


def test_remember_me_lasts_thirty_days_without_a_request_and_no_longer_with(sessions, begin, now):
    begun = begin(remembered=True)
    assert sessions.find_session(begun.secret, now + 29 * DAY).remembered
    sessions.touch_session(begun.sid, now + 29 * DAY)
    assert sessions.find_session(begun.secret, now + 30 * DAY) is None


def test_use_is_written_at_most_once_a_minute(sessions, begin, now):
    begun = begin()
    almost, due = now + MINUTE - timedelta(seconds=1), now + MINUTE
    sessions.touch_session(begun.sid, almost)
    assert sessions.find_session(begun.secret, almost).last_seen_at == now
    assert not sessions.find_session(begun.secret, almost).is_due_to_be_touched(almost)
    assert sessions.find_session(begun.secret, due).is_due_to_be_touched(due)
    sessions.touch_session(begun.sid, due)
    assert sessions.find_session(begun.secret, due).last_seen_at == due


def test_proving_oneself_again_replaces_the_secret(sessions, begin, now):
    begun = begin()
    later = now + 10 * MINUTE
    secret = sessions.replace_secret(begun.sid, later)
    assert sessions.find_session(begun.secret, later) is None
    live = sessions.find_session(secret, later)
    assert (live.sid, live.authenticated_at, live.created_at) == (begun.sid, later, now)


def test_an_ended_session_cannot_be_proved_again(sessions, begin, now):
    begun = begin()
    assert sessions.mark_ended([begun.sid], now)
    assert sessions.replace_secret(begun.sid, now) is None
    assert sessions.replace_secret("unknown", now) is None


def test_ending_is_at_once_and_once(sessions, begin, now):
    begun = begin()
    assert sessions.mark_ended([begun.sid], now)
    assert sessions.find_session(begun.secret, now) is None
    assert not sessions.mark_ended([begun.sid], now)
    sessions.touch_session(begun.sid, now + HOUR)
    assert sessions.find_session(begun.secret, now + HOUR) is None


def test_the_session_of_another_resident_does_not_end(sessions, begin, add_resident, now):
    begun = begin()
    john = add_resident("john@example.com")
    assert not sessions.mark_ended([begun.sid], now, of_resident=john.id)
    assert sessions.find_session(begun.secret, now)


def test_it_is_known_whose_a_session_was(sessions, begin, jane, add_resident, now):
    mine, johns = begin(), begin(resident=add_resident("john@example.com"))
    ended = sessions.mark_ended([mine.sid, johns.sid, "unknown"], now)
    assert {each.sid: each.resident_id == jane.id for each in ended} == {mine.sid: True, johns.sid: False}


def test_all_sessions_of_a_resident_end_but_the_one_that_stays(sessions, begin, jane, add_resident, now):
    here, phone, tablet = begin(), begin(remembered=True), begin()
    johns = begin(resident=add_resident("john@example.com"))
    ended = sessions.mark_all_ended(jane.id, now, except_sid=here.sid)
    assert set(ended) == {EndedSession(phone.sid, jane.id), EndedSession(tablet.sid, jane.id)}
    found = [bool(sessions.find_session(begun.secret, now)) for begun in (here, phone, tablet, johns)]
    assert found == [True, False, False, True]
    assert sessions.mark_all_ended(jane.id, now) == [EndedSession(here.sid, jane.id)]


def test_a_disabled_resident_has_no_live_session(sessions, begin, connection, jane, now):
    begun = begin()
    connection.execute(update(Resident.__table__).where(Resident.id == jane.id).values(disabled_at=now))
    assert sessions.find_session(begun.secret, now) is None


def test_the_list_shows_live_sessions_the_last_used_first(sessions, begin, jane, now):
    idle, used, ended = begin(), begin(remembered=True), begin()
    sessions.mark_ended([ended.sid], now)
    later = now + 29 * MINUTE
    sessions.touch_session(used.sid, later)
    assert [s.sid for s in sessions.list_live_sessions(jane.id, later)] == [used.sid, idle.sid]
    assert [s.sid for s in sessions.list_live_sessions(jane.id, now + HOUR)] == [used.sid]


def test_what_ended_thirty_days_ago_is_deleted_in_batches(sessions, begin, now, connection):
    for _ in range(3):
        sessions.mark_ended([begin().sid], now)
    begin(remembered=True)
    assert sessions.delete_old(now + 30 * DAY - timedelta(seconds=1), 500) == 0
    assert sessions.delete_old(now + 30 * DAY, 2) == 2
    assert sessions.delete_old(now + 30 * DAY, 2) == 1
    assert len(connection.execute(Session.__table__.select()).all()) == 1
    assert sessions.delete_old(now + 60 * DAY, 500) == 1
