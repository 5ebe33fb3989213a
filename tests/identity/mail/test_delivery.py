import smtplib
from types import SimpleNamespace

import pytest
from identity.mail.delivery import MailDelivery
from identity.mail.messages import Recipient, unlock_account
from identity.outbox.delivery import NotDeliveredError, RefusedForGoodError

MAIL = unlock_account(Recipient("jane@example.com", "en", None), link="https://id/secret-token")


def deliver(now, fault=None):
    """Deliver the mail with a mailer that fails as told; return what the mailer was given."""
    given = []

    def send(message_id, mail, requested_at):
        given.append((message_id, mail, requested_at))
        if fault:
            raise fault

    MailDelivery(SimpleNamespace(send=send)).deliver("id", MAIL.as_json(), now)
    return given


def refused(*codes: int):
    return smtplib.SMTPRecipientsRefused(
        {f"jane{code}@example.com": (code, b"jane@example.com is not welcome") for code in codes}
    )


def test_the_mailer_gets_the_mail_as_it_was_queued(now):
    assert deliver(now) == [("id", MAIL, now)]


def test_a_mailbox_that_does_not_exist_refuses_for_good(now):
    with pytest.raises(RefusedForGoodError, match=r"^SMTPRecipientsRefused 550$"):
        deliver(now, refused(550))


@pytest.mark.parametrize("codes", [(451,), (550, 451)])
def test_a_mailbox_that_is_busy_does_not(now, codes):
    with pytest.raises(NotDeliveredError) as raised:
        deliver(now, refused(*codes))
    assert not isinstance(raised.value, RefusedForGoodError)


def test_of_what_the_mail_server_says_only_its_code_is_kept(now):
    with pytest.raises(NotDeliveredError) as raised:
        deliver(now, smtplib.SMTPDataError(554, b"jane@example.com is spam"))
    assert str(raised.value) == "SMTPDataError 554"


def test_any_other_fault_is_left_to_the_worker(now):
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(now, smtplib.SMTPServerDisconnected())
