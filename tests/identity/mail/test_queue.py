import pytest
from identity.mail.messages import Mail, Recipient, unlock_account
from identity.mail.queue import MailQueue
from identity.outbox.models import OutboxMessage


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
