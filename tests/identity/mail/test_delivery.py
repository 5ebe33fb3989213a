import smtplib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from identity.clock import FixedClock
from identity.mail.delivery import MailDelivery
from identity.mail.messages import Recipient, password_changed, reset_password, unlock_account
from identity.mail.rendering import ROOT
from identity.mail.smtp import NoSessionError
from identity.mail.usefulness import USEFUL_FOR, useful_for
from identity.outbox.delivery import (
    NoLongerUsefulError,
    NotAnsweredError,
    NotDeliveredError,
    RefusedForGoodError,
    ServerAwayError,
)

JANE = Recipient("jane@example.com", "en", None)
MAIL = unlock_account(JANE, link="https://id/secret-token")
AS_IT_IS = SimpleNamespace(restart=lambda mail, _queued_at, _now: mail)


@dataclass
class Refusals:
    """What is known of Jane's address."""

    refused: bool = False
    noted: list[str] = field(default_factory=list)

    def is_refused(self, _mail):
        return self.refused

    def note_refused(self, _mail, reply, _now):
        self.noted.append(reply)

    def note_taken(self, _mail):
        self.refused = False


def deliver(now, fault=None, *, mail=MAIL, proofs=AS_IT_IS, age=timedelta(), refusals=None):
    """Deliver the mail with a mailer that fails as told; return what the mailer was given."""
    given = []

    def send(message_id, mail, requested_at):
        given.append((message_id, mail, requested_at))
        if fault:
            raise fault

    mailer, clock = SimpleNamespace(send=send), FixedClock(now + age)
    delivery = MailDelivery(mailer, proofs, refusals or Refusals(), clock)
    delivery.deliver("id", mail.as_json(), now)
    return given


def refused(code: int, words: bytes = b"jane@example.com is not welcome"):
    return smtplib.SMTPRecipientsRefused({"jane@example.com": (code, words)})


def test_the_mailer_gets_the_mail_as_it_was_queued(now):
    assert deliver(now) == [("id", MAIL, now)]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refused(550), "SMTPRecipientsRefused 550"),
        (refused(550, b"5.1.1 <jane@example.com>: unknown"), "SMTPRecipientsRefused 550 5.1.1"),
        (smtplib.SMTPSenderRefused(552, b"5.3.4 too large", "no-reply@x"), "SMTPSenderRefused 552 5.3.4"),
        (smtplib.SMTPDataError(554, b"jane@example.com is spam"), "SMTPDataError 554"),
    ],
)
def test_a_recipient_or_content_that_is_refused_for_good_is_not_tried_again(now, fault, words):
    with pytest.raises(RefusedForGoodError) as raised:
        deliver(now, fault)
    # Of what the mail server says only its code is kept: the rest may quote an address.
    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refused(450), NotDeliveredError),
        (refused(450, b"4.7.1 greylisted, jane@example.com"), NotDeliveredError),
        (smtplib.SMTPDataError(451, b"jane@example.com"), NotDeliveredError),
        # A policy against us, such as a list of senders: an operator can mend it.
        (refused(554, b"5.7.1 jane@example.com: relay access denied"), NotDeliveredError),
        (smtplib.SMTPDataError(550, b"5.7.26 unauthenticated"), NotDeliveredError),
        # The mail system is full, closes, or says nothing more.
        (refused(421), NotAnsweredError),
        (refused(452, b"4.3.1 insufficient storage"), NotAnsweredError),
        (smtplib.SMTPServerDisconnected("jane@example.com"), NotAnsweredError),
        (TimeoutError("jane@example.com"), NotAnsweredError),
        # It takes no mail at all: this is no fault of the mail's.
        (NoSessionError("SMTPSenderRefused 550"), ServerAwayError),
        (refused(530, b"5.7.0 authentication required"), ServerAwayError),
    ],
)
def test_what_is_refused_for_now_is_tried_again(now, fault, kind):
    with pytest.raises(NotDeliveredError) as raised:
        deliver(now, fault)
    assert type(raised.value) is kind
    assert "jane" not in str(raised.value)


def test_any_other_fault_is_left_to_the_worker(now):
    with pytest.raises(LookupError):
        deliver(now, LookupError())


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (b"no such mailbox", "550"),
        (b"5.1.1 <jane@example.com>: unknown", "550 5.1.1"),
        (b"5.7.1 denied", "550 5.7.1"),
        (b"5.1.1<script>", "550"),
        (b"5.1.1\nX: y", "550 5.1.1"),
    ],
)
def test_a_refused_address_is_noted_with_the_servers_codes_alone(now, words, reply):
    refusals = Refusals()
    with pytest.raises(NotDeliveredError):
        deliver(now, refused(550, words), refusals=refusals)
    assert refusals.noted == [reply]


@pytest.mark.parametrize("fault", [refused(450), refused(530), smtplib.SMTPDataError(554, b"")])
def test_what_is_not_the_addresss_fault_is_not_noted(now, fault):
    refusals = Refusals()
    with pytest.raises(NotDeliveredError):
        deliver(now, fault, refusals=refusals)
    assert refusals.noted == []


def test_an_address_that_is_taken_again_is_no_longer_a_refused_one(now):
    refusals = Refusals(refused=True)
    deliver(now, refusals=refusals)
    assert not refusals.refused


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
    assert useful_for(replace(MAIL, template="of_the_next_release", facts={})) == timedelta(days=4)


def test_a_mail_is_useful_for_two_lives_of_its_link():
    assert useful_for(reset_password(JANE, link="https://id/x", lifetime=timedelta(hours=3))) == timedelta(
        hours=6
    )


def test_a_mail_is_tried_every_minute_or_two_in_the_first_quarter_of_an_hour_and_as_long_as_it_is_useful():
    waits, attempts = MailDelivery.waits, MailDelivery.attempts
    early = [
        wait for number, wait in enumerate(waits) if sum(waits[:number], timedelta()) < timedelta(minutes=15)
    ]
    assert max(early) <= timedelta(minutes=2)
    assert sum(waits, timedelta()) + (attempts - len(waits)) * waits[-1] > max(USEFUL_FOR.values())
