"""Sessions begin, go on and end in one place: every end is recorded and announced, in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from identity.account_events import AccountEvents, AllAccessRemoved, Initiator, SessionEnded
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.residents.sessions.lifecycle import EndReason, Proof, SessionLifecycle
from identity.residents.sessions.store import Sessions
from sqlalchemy import select

INITIATORS = {
    EndReason.SIGNED_OUT: Initiator.RESIDENT,
    EndReason.ENDED_ON_PROFILE: Initiator.RESIDENT,
    EndReason.PASSWORD_RESET: Initiator.RESIDENT,
    EndReason.OTHER_RESIDENT: Initiator.RESIDENT,
    EndReason.REMEMBER_ME: Initiator.RESIDENT,
    EndReason.SECRET_REPLAYED: Initiator.POLICY,
    EndReason.SIGN_IN_REPORTED: Initiator.RESIDENT,
    EndReason.PROVIDER_EVENT: Initiator.POLICY,
    EndReason.ENDED_BY_STAFF: Initiator.STAFF,
    EndReason.DISABLED: Initiator.STAFF,
    EndReason.DELETED_BY_STAFF: Initiator.STAFF,
    EndReason.DELETED_AT_PROVIDER: Initiator.RESIDENT,
}
REMOVES_ACCESS = {
    EndReason.SIGN_IN_REPORTED: "sign_in_reported",
    EndReason.PROVIDER_EVENT: "provider_notice",
    EndReason.DISABLED: "account_disabled",
    EndReason.DELETED_BY_STAFF: "account_deleted",
    EndReason.DELETED_AT_PROVIDER: "account_deleted",
}


class Announced:
    """A subscriber that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def handle(self, _executor: object, account_events: Sequence[object]) -> None:
        self.events += account_events


@dataclass(frozen=True)
class Current:
    sid: str
    resident_id: str
    remembered: bool


@pytest.fixture
def announced() -> Announced:
    return Announced()


@pytest.fixture
def lifecycle(announced) -> SessionLifecycle:
    return SessionLifecycle(AccountEvents(announced))


@pytest.fixture
def jane(add_resident) -> str:
    return add_resident().id


@pytest.fixture
def john(add_resident) -> str:
    return add_resident("john@example.com").id


@pytest.fixture
def sign_in(storage, lifecycle, now):
    """Return a function that signs a resident in, in a browser with or without a session."""

    def sign_in(resident_id, *, remember_me=False, current=None):
        proof = Proof(
            resident_id=resident_id,
            amr=["pwd"],
            remember_me=remember_me,
            current=current and Current(current[1].sid, current[0], current[1].remembered),
            client_id="portal",
            user_agent="Browser/1.0",
            ip_address="192.0.2.1",
        )
        with storage.transaction() as tx:
            return resident_id, lifecycle.begin_or_continue(tx, proof, now, method="password")

    return sign_in


@pytest.fixture
def is_live(storage, now):
    def is_live(secret):
        with storage.autocommit() as connection:
            return Sessions(connection).find_session(secret, now) is not None

    return is_live


@pytest.fixture
def recorded(storage):
    """Return a function that lists the recorded events by name: they have one time."""

    def recorded():
        with storage.transaction() as tx:
            return sorted(
                (each.event, each.resident_id, each.session_id) for each in tx.scalars(select(AuditEvent))
            )

    return recorded


def test_the_first_sign_in_of_a_browser(sign_in, jane, announced, is_live, recorded):
    _, session = sign_in(jane, remember_me=True)
    assert is_live(session.secret)
    assert session.remembered
    assert announced.events == []
    assert recorded() == [(Event.SIGN_IN_SUCCEEDED, jane, session.sid)]


@pytest.mark.parametrize(("was_remembered", "remember_me"), [(False, False), (True, False), (True, True)])
def test_the_same_resident_goes_on_under_a_new_secret(
    sign_in, jane, announced, is_live, was_remembered, remember_me
):
    before = sign_in(jane, remember_me=was_remembered)
    _, session = sign_in(jane, remember_me=remember_me, current=before)
    assert (session.sid, session.remembered) == (before[1].sid, was_remembered)
    assert (is_live(before[1].secret), is_live(session.secret)) == (False, True)
    assert announced.events == []


def test_remember_me_replaces_a_session_that_was_begun_without(sign_in, jane, announced, is_live, recorded):
    before = sign_in(jane)
    _, session = sign_in(jane, remember_me=True, current=before)
    assert session.remembered
    assert (is_live(before[1].secret), is_live(session.secret)) == (False, True)
    assert announced.events == [SessionEnded(jane, before[1].sid)]
    assert recorded().count((Event.SESSION_ENDED, jane, before[1].sid)) == 1


def test_another_resident_ends_the_session_of_the_browser(sign_in, jane, john, announced, is_live, recorded):
    before = sign_in(jane, remember_me=True)
    _, session = sign_in(john, current=before)
    assert (is_live(before[1].secret), is_live(session.secret)) == (False, True)
    assert not session.remembered
    assert announced.events == [SessionEnded(jane, before[1].sid)]
    assert recorded().count((Event.SESSION_ENDED, jane, before[1].sid)) == 1


def test_a_session_that_ended_meanwhile_does_not_go_on(sign_in, storage, lifecycle, jane, announced, now):
    before = sign_in(jane)
    with storage.transaction() as tx:
        lifecycle.end(tx, [before[1].sid], EndReason.SIGNED_OUT, now)
    _, session = sign_in(jane, current=before)
    assert session.sid != before[1].sid
    assert len(announced.events) == 1


@pytest.mark.parametrize("end_reason", EndReason)
def test_every_reason_is_announced_and_recorded_once(
    sign_in, storage, lifecycle, jane, announced, recorded, now, end_reason
):
    _, session = sign_in(jane)
    for _ in range(2):
        with storage.transaction() as tx:
            lifecycle.end(tx, [session.sid], end_reason, now)
    assert announced.events == [SessionEnded(jane, session.sid, INITIATORS[end_reason])]
    ended = Event.SIGN_OUT if end_reason is EndReason.SIGNED_OUT else Event.SESSION_ENDED
    assert recorded() == sorted([(Event.SIGN_IN_SUCCEEDED, jane, session.sid), (ended, jane, session.sid)])


@pytest.mark.parametrize("end_reason", EndReason)
def test_all_sessions_end_and_with_them_access_where_the_account_is_not_safe(
    sign_in, storage, lifecycle, jane, john, announced, is_live, now, end_reason
):
    here, there, johns = sign_in(jane)[1], sign_in(jane)[1], sign_in(john)[1]
    with storage.transaction() as tx:
        assert lifecycle.end_all(tx, jane, end_reason, now, except_sid=here.sid) == 1
    assert [is_live(each.secret) for each in (here, there, johns)] == [True, False, True]
    first, *others = announced.events
    assert first == SessionEnded(jane, there.sid, INITIATORS[end_reason])
    removed = REMOVES_ACCESS.get(end_reason)
    assert others == ([AllAccessRemoved(jane, removed)] if removed else [])


def test_only_the_residents_own_session_ends_where_one_is_named(
    sign_in, storage, lifecycle, jane, john, announced, is_live, now
):
    _, session = sign_in(jane)
    with storage.transaction() as tx:
        assert lifecycle.end(tx, [session.sid], EndReason.ENDED_ON_PROFILE, now, of_resident=john) == 0
    assert is_live(session.secret)
    assert announced.events == []


def test_what_is_rolled_back_ended_nothing(sign_in, storage, lifecycle, jane, is_live, recorded, now):
    _, session = sign_in(jane)

    def fail():
        with storage.transaction() as tx:
            lifecycle.end_all(tx, jane, EndReason.ENDED_ON_PROFILE, now)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert is_live(session.secret)
    assert len(recorded()) == 1
