from datetime import UTC, datetime

import pytest
from billing_link.audit.store import Event, new_event
from billing_link.new_rows import add_together
from billing_link.notifications.store import NotificationKind, new_notification
from sent_statements import sent_statements
from sqlalchemy.exc import IntegrityError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def rows_to_add():
    details = {"account_ending": "15-01"}
    return [
        *(new_event(Event.LINK_MADE, NOW, city_id=f"city-{number}", details=details) for number in range(10)),
        new_notification(NotificationKind.LINKED, city_id="a", subject="jane", details=details, now=NOW),
    ]


def test_rows_are_added_in_few_statements_each_with_its_own_values(storage, rows):
    with storage.transaction() as tx, sent_statements() as sent:
        add_together(tx, *rows_to_add())
    assert len(sent) == (11 if storage.is_sqlite else 2)
    assert [row["city_id"] for row in rows("SELECT city_id FROM audit_events ORDER BY city_id")] == [
        f"city-{number}" for number in range(10)
    ]
    (notice,) = rows("SELECT subject, details, delivered_at FROM notices")
    assert notice == {"subject": "jane", "details": {"account_ending": "15-01"}, "delivered_at": None}


def test_none_is_added_where_one_cannot_be(storage, rows):
    twice = new_event(Event.LINK_MADE, NOW, city_id="city")
    with pytest.raises(IntegrityError), storage.transaction() as tx:
        add_together(tx, *rows_to_add()[:3], twice, twice)
    assert rows("SELECT * FROM audit_events") == []
