from datetime import timedelta

import pytest
from identity.mail.messages import Mail, Recipient, unlock_account
from identity.mail.queue import MailQueue
from identity.outbox.models import OutboxMessage
from identity.outbox.store import Deliveries
from identity.rate_limits.mail_budget import Place


@pytest.fixture
def queued(storage, secret_keys, clock):
    """Queue a mail to an address; return the rows of the outbox."""

    def queued(address):
        with storage.transaction() as tx:
            MailQueue(secret_keys, clock).send(tx, mail_to(address))
        with storage.autocommit() as connection:
            return connection.execute(OutboxMessage.__table__.select()).all()

    return queued


def mail_to(address):
    return unlock_account(Recipient(address, "es", "pinellas-park"), link="https://id/x")


def test_a_mail_waits_in_the_outbox_encrypted(queued, secret_keys):
    (row,) = queued("jane@example.com")
    assert (row.kind, row.state) == ("mail", "waiting")
    assert "jane" not in row.payload
    assert Mail.from_json(secret_keys.decrypt(row.payload)) == mail_to("jane@example.com")


def test_a_resident_without_an_address_gets_none(queued):
    assert queued("") == []


class TestMailsThatStrangersAskFor:
    @pytest.fixture
    def rows(self, storage, secret_keys, clock):
        """Queue three mails of different lengths with a place and one without; return the rows."""
        mails = [mail_to("jane@example.com"), mail_to("j@example.com"), mail_to(f"{'j' * 60}@example.com")]
        with storage.transaction() as tx:
            for mail, is_granted in zip([*mails, mails[0]], [True, True, True, False], strict=True):
                place = Place(is_granted, timedelta(minutes=30), "https://id/stop-emails?token=x")
                MailQueue(secret_keys, clock).send_requested(tx, mail, place)
        with storage.autocommit() as connection:
            return connection.execute(OutboxMessage.__table__.select()).all()

    def test_all_rows_have_one_size(self, rows):
        assert len({len(row.payload) for row in rows}) == 1

    def test_without_a_place_nothing_is_delivered_or_kept(self, rows, secret_keys, storage, clock):
        (unsent,) = [row for row in rows if row.state == "unsent"]
        assert secret_keys.decrypt(unsent.payload).strip() == ""
        with storage.autocommit() as connection:
            deliveries = Deliveries(connection)
            claimed = [deliveries.claim_message(clock.now(), ["mail"]) for _ in range(4)]
            assert {each.id for each in claimed if each} == {row.id for row in rows} - {unsent.id}
            clock.advance(timedelta(hours=1))
            assert deliveries.delete_old(clock.now(), 100) == 1

    def test_with_a_place_the_mail_says_how_to_stop_them(self, rows, secret_keys):
        mails = [Mail.from_json(secret_keys.decrypt(row.payload)) for row in rows if row.state == "waiting"]
        assert [mail.facts["stop_link"] for mail in mails] == ["https://id/stop-emails?token=x"] * 3
