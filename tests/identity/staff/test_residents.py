"""What staff do about one resident's account: each verb is one transaction, and safe to repeat."""

from collections.abc import Callable

import pytest
from identity.audit.models import AuditEvent
from identity.composition.staff import resident_administration
from identity.journeys.registration.models import PendingRegistration
from identity.journeys.registration.store import PendingRegistrations
from identity.mail.messages import Recipient, no_account
from identity.mail_refusals import StoredRefusals
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.residents.lockout.store import Lockout, Status
from identity.residents.sessions.models import Session
from identity.residents.sessions.store import Sessions
from identity.staff.residents import (
    AlreadyDisabled,
    NotDisabled,
    ResidentAdministration,
    ResidentDeleted,
    ResidentDisabled,
    ResidentEnabled,
    ResidentRecord,
    SessionsEnded,
    UnknownResident,
)
from sqlalchemy import select

REASON = "case 2026-117"
NETWORK = "network:192.0.2.0/24"


@pytest.fixture
def administration(storage, secret_keys, clock, settings) -> ResidentAdministration:
    return resident_administration(storage, secret_keys, clock, settings)


@pytest.fixture
def jane(add_resident) -> str:
    return add_resident().id


@pytest.fixture
def begin(storage, now) -> Callable[[str], str]:
    """Return a function that begins a session and returns its secret."""

    def begin(resident_id: str) -> str:
        with storage.autocommit() as connection:
            new = Sessions(connection).insert_session(
                resident_id=resident_id, amr=["pwd"], remembered=False, now=now, user_agent="", ip_address=""
            )
        return new.secret

    return begin


@pytest.fixture
def events(storage) -> Callable[[], list[tuple[str, dict[str, str]]]]:
    """Return a function that lists the recorded events with their details, by name: they have one time."""

    def events():
        with storage.transaction() as tx:
            recorded = [(each.event, each.details) for each in tx.scalars(select(AuditEvent))]
        return sorted(recorded, key=str)

    return events


@pytest.mark.parametrize("named", ["jane@example.com", "JANE@Example.COM", None])
def test_a_resident_is_shown_by_address_or_sub(administration, add_resident, begin, now, named):
    jane = add_resident()
    begin(jane.id)
    begin(jane.id)
    assert administration.show(named or jane.id) == ResidentRecord(
        sub=jane.id,
        email="jane@example.com",
        email_verified=True,
        given_name="Jane",
        family_name="Doe",
        sign_in_method="password",
        created_at=now,
        disabled_at=None,
        live_sessions=2,
        last_sign_in_at=None,
        lockout=Status.OPEN,
        mail_refused=None,
    )


def test_mail_that_the_mail_server_refused_is_shown_with_its_codes(administration, storage, jane, now):
    refusals = StoredRefusals(storage)
    for address in ("Jane@example.com", "mistyped@exmaple.com"):
        mail = no_account(Recipient(address, "en", None), sign_up_link="https://id/x")
        refusals.note_refused(mail, "550 5.1.1", now)
    said = f"550 5.1.1 at {now:%Y-%m-%d %H:%M} UTC"
    assert administration.show(jane).mail_refused == said
    # The person who calls may have no account yet.
    assert administration.show("mistyped@exmaple.com") == UnknownResident(said)
    refusals.note_taken(no_account(Recipient("jane@example.com", "en", None), sign_up_link="https://id/x"))
    assert administration.show(jane).mail_refused is None


def test_a_refusal_is_recorded_once_and_without_the_address(storage, jane, events, now):
    mail = no_account(Recipient("jane@example.com", "en", None), sign_up_link="https://id/x")
    for reply in ("550 5.1.1", "550 5.1.1", "554 5.7.1"):
        StoredRefusals(storage).note_refused(mail, reply, now)
    assert events() == [
        ("mail_refused", {"mail": "no_account", "reply": "550 5.1.1"}),
        ("mail_refused", {"mail": "no_account", "reply": "554 5.7.1"}),
    ]


def test_it_goes_with_the_account(administration, storage, jane, now):
    mail = no_account(Recipient("jane@example.com", "en", None), sign_up_link="https://id/x")
    StoredRefusals(storage).note_refused(mail, "550", now)
    administration.delete(jane, REASON)
    assert administration.show("jane@example.com") == UnknownResident()


@pytest.mark.parametrize(("failures", "status"), [(4, Status.OPEN), (5, Status.WAIT), (50, Status.STOPPED)])
def test_whether_sign_ins_are_held_up_is_shown(
    administration, storage, secret_keys, jane, now, failures, status
):
    with storage.autocommit() as connection:
        lockout = Lockout(connection, secret_keys)
        for number in range(failures):
            # From as many networks: no wait, and the stop for strangers.
            origin = f"network:10.0.{number}.0/24" if failures == 50 else NETWORK
            lockout.count_attempt("jane@example.com", origin, now)
    assert administration.show(jane).lockout is status


@pytest.mark.parametrize("named", ["john@example.com", "nobody", "", "@", "\0", "x" * 400, "a b@example.com"])
def test_an_unknown_resident_is_neither_shown_nor_changed(administration, jane, events, named):
    assert administration.show(named) == UnknownResident()
    for verb in (
        administration.disable,
        administration.enable,
        administration.end_sessions,
        administration.delete,
    ):
        assert verb(named, REASON) == UnknownResident()
    assert events() == []


def test_disabling_ends_and_announces(administration, storage, jane, begin, told, events, now):
    secret = begin(jane)
    assert administration.disable(jane, REASON) == ResidentDisabled(jane, 1)
    assert administration.show(jane).disabled_at == now
    with storage.autocommit() as connection:
        assert Sessions(connection).find_session(secret, now) is None
    assert told() == ["session-revoked", "account-disabled"]
    by_staff = {"by": "staff", "reason": REASON}
    assert events() == [("resident_disabled", by_staff), ("session_ended", by_staff)]

    assert administration.disable(jane, REASON) == AlreadyDisabled(jane)
    assert len(told()) == len(events()) == 2


def test_enabling_brings_no_session_back(administration, storage, jane, begin, events, now):
    assert administration.enable(jane, REASON) == NotDisabled(jane)
    before = begin(jane)
    administration.disable(jane, REASON)
    # As by a sign-in that was under way.
    meanwhile = begin(jane)
    assert administration.enable(jane, REASON) == ResidentEnabled(jane)
    assert administration.show(jane).disabled_at is None
    with storage.autocommit() as connection:
        assert [Sessions(connection).find_session(each, now) for each in (before, meanwhile)] == [None, None]
    assert events().count(("resident_enabled", {"by": "staff", "reason": REASON})) == 1
    assert administration.enable(jane, REASON) == NotDisabled(jane)


def test_ending_all_sessions(administration, jane, begin, told, events):
    begin(jane)
    begin(jane)
    assert administration.end_sessions(jane, REASON) == SessionsEnded(jane, 2)
    assert told() == ["session-revoked"] * 2
    assert events() == [("session_ended", {"by": "staff", "reason": REASON})] * 2
    assert administration.end_sessions(jane, REASON) == SessionsEnded(jane, 0)
    assert len(events()) == 2


def test_deleting_leaves_nothing_but_the_audit(
    administration, storage, jane, add_resident, begin, told, events, now
):
    john = add_resident("john@example.com")
    begin(jane)
    begin(john.id)
    with storage.transaction() as tx:
        PendingRegistrations(tx).add_pending(
            address=Address("jane@example.com", "jane@example.com"),
            password_hash="x",
            given_name="Jane",
            family_name="Doe",
            language="en",
            city_id=None,
            continuation="",
            browser_digest="",
            now=now,
        )
    assert administration.delete(jane, REASON) == ResidentDeleted(jane, 1)
    assert administration.show(jane) == UnknownResident()
    assert told() == ["session-revoked", "account-purged"]
    assert [name for name, _details in events()] == ["resident_deleted", "session_ended"]
    assert all(details == {"by": "staff", "reason": REASON} for _name, details in events())
    with storage.transaction() as tx:
        assert [each.id for each in tx.scalars(select(Resident))] == [john.id]
        assert [each.resident_id for each in tx.scalars(select(Session))] == [john.id]
        assert tx.scalars(select(PendingRegistration)).all() == []
    assert administration.delete(jane, REASON) == UnknownResident()
