import smtplib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from identity.clock import FixedClock
from identity.mail.delivery import MailDelivery
from identity.mail.messages import Recipient, password_changed, unlock_account
from identity.mail.rendering import ROOT
from identity.mail.usefulness import USEFUL_FOR, useful_for
from identity.outbox.delivery import NoLongerUsefulError, NotDeliveredError, RefusedForGoodError

JANE = Recipient("jane@example.com", "en", None)
MAIL = unlock_account(JANE, link="https://id/secret-token")
AS_IT_IS = SimpleNamespace(restart=lambda mail, _queued_at, _now: mail)


def deliver(now, fault=None, *, mail=MAIL, proofs=AS_IT_IS, age=timedelta()):
    """Deliver the mail with a mailer that fails as told; return what the mailer was given."""
    given = []

    def send(message_id, mail, requested_at):
        given.append((message_id, mail, requested_at))
        if fault:
            raise fault

    delivery = MailDelivery(SimpleNamespace(send=send), proofs, FixedClock(now + age))
    delivery.deliver("id", mail.as_json(), now)
    return given


def refused(*codes: int):
    return smtplib.SMTPRecipientsRefused(
        {f"jane{code}@example.com": (code, b"jane@example.com is not welcome") for code in codes}
    )


def test_the_mailer_gets_the_mail_as_it_was_queued(now):
    assert deliver(now) == [("id", MAIL, now)]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refused(550), "SMTPRecipientsRefused 550"),
        (smtplib.SMTPDataError(554, b"jane@example.com is spam"), "SMTPDataError 554"),
    ],
)
def test_a_recipient_or_content_that_is_refused_for_good_is_not_tried_again(now, fault, words):
    with pytest.raises(RefusedForGoodError) as raised:
        deliver(now, fault)
    # Of what the mail server says only its code is kept: the rest may quote an address.
    assert str(raised.value) == words


@pytest.mark.parametrize(
    "fault",
    [
        refused(450),
        refused(421),
        refused(550, 451),
        smtplib.SMTPDataError(451, b"jane@example.com"),
        smtplib.SMTPSenderRefused(421, b"", "no-reply@id.example.gov"),
        # What an operator can mend is tried again.
        smtplib.SMTPSenderRefused(550, b"", "no-reply@id.example.gov"),
        smtplib.SMTPAuthenticationError(535, b""),
        smtplib.SMTPConnectError(554, b""),
    ],
)
def test_what_is_refused_for_now_is_tried_again(now, fault):
    with pytest.raises(NotDeliveredError) as raised:
        deliver(now, fault)
    assert type(raised.value) is NotDeliveredError
    assert "jane" not in str(raised.value)


def test_any_other_fault_is_left_to_the_worker(now):
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(now, smtplib.SMTPServerDisconnected())


def test_a_mail_whose_link_no_longer_works_is_not_sent(now):
    with pytest.raises(NoLongerUsefulError, match="unlock_account"):
        deliver(now, proofs=SimpleNamespace(restart=lambda *_: None))


@pytest.mark.parametrize(
    ("mail", "useful"),
    [(MAIL, timedelta(hours=1)), (password_changed(JANE, reset_link="https://id/x"), timedelta(days=4))],
)
def test_a_mail_is_sent_while_what_it_says_is_true(now, mail, useful):
    assert deliver(now, mail=mail, age=useful - timedelta(seconds=1))
    with pytest.raises(NoLongerUsefulError):
        deliver(now, mail=mail, age=useful)


def test_every_mail_says_how_long_it_is_useful():
    assert set(USEFUL_FOR) == {file.stem for file in (ROOT / "templates/mail").glob("*.jinja")}
    assert useful_for("of_the_next_release") == timedelta(days=4)


def test_a_mail_is_tried_every_minute_or_two_in_the_first_quarter_of_an_hour_and_as_long_as_it_is_useful():
    waits, attempts = MailDelivery.waits, MailDelivery.attempts
    early = [
        wait for number, wait in enumerate(waits) if sum(waits[:number], timedelta()) < timedelta(minutes=15)
    ]
    assert max(early) <= timedelta(minutes=2)
    assert sum(waits, timedelta()) + (attempts - len(waits)) * waits[-1] > max(USEFUL_FOR.values())
