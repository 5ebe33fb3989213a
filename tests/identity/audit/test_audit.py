from datetime import timedelta

import pytest
from identity.audit.events import Event
from identity.audit.models import AuditEvent
from identity.audit.store import Audit


def recorded(storage):
    with storage.autocommit() as connection:
        return connection.execute(AuditEvent.__table__.select()).all()


def test_an_event_is_recorded_with_what_it_concerns(storage, now):
    with storage.transaction() as tx:
        Audit(tx).record(
            Event.SIGN_IN_FAILED,
            now,
            resident_id="resident",
            client_id="portal",
            session_id="sid",
            ip_address="2001:db8::1",
            reason="wrong_password",
        )
    (row,) = recorded(storage)
    assert (row.event, row.at, row.resident_id, row.client_id) == (
        "sign_in_failed",
        now,
        "resident",
        "portal",
    )
    assert (row.session_id, row.ip_address, row.details) == (
        "sid",
        "2001:db8::1",
        {"reason": "wrong_password"},
    )


def test_an_event_is_undone_with_its_deed(storage, now):
    def fail_half_way():
        with storage.transaction() as tx:
            Audit(tx).record(Event.UNLOCKED, now)
            raise LookupError

    with pytest.raises(LookupError):
        fail_half_way()
    assert recorded(storage) == []


def test_nothing_in_the_store_changes_or_deletes_events():
    assert [name for name in vars(Audit) if not name.startswith("_")] == [
        "record",
        "count_events",
        "list_events",
        "last_recorded",
    ]


def test_the_last_time_of_an_event_is_known(storage, now):
    earlier = now - timedelta(days=400)
    with storage.transaction() as tx:
        audit = Audit(tx)
        assert audit.last_recorded(Event.SIGN_IN_SUCCEEDED, "jane") is None
        for moment in (earlier, now):
            audit.record(Event.SIGN_IN_SUCCEEDED, moment, resident_id="jane")
        audit.record(Event.SIGN_IN_FAILED, now + timedelta(days=1), resident_id="jane")
        audit.record(Event.SIGN_IN_SUCCEEDED, now + timedelta(days=1), resident_id="john")
        assert audit.last_recorded(Event.SIGN_IN_SUCCEEDED, "jane") == now


def test_every_event_fits_its_column():
    assert max(len(event) for event in Event) <= 64
