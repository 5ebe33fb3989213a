import smtplib
from datetime import UTC, datetime

import pytest
from identity.mail.messages import Recipient, reset_password

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def reset(address="Jane@Example.com"):
    return reset_password(Recipient(address, "en", "pinellas-park"), link="https://id/x")


RESET = reset()


def parts(mail):
    return {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}


def test_a_mail_arrives_as_html_and_text_from_community_access_id(storage, mailer, mailbox):
    mailer.send("outbox-id", RESET, AT)
    (mail,) = mailbox.mails
    assert mail["From"] == "Community Access ID <no-reply@id.example.gov>"
    assert mail["To"] == "Jane@example.com"
    assert mail["Subject"] == "Reset your password"
    assert set(parts(mail)) == {"text/plain", "text/html"}
    assert "https://id/x" in parts(mail)["text/plain"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert mailbox.recipients == ["Jane@example.com"]


def test_the_message_id_is_our_own_and_the_same_at_each_attempt(storage, mailer, mailbox):
    mailer.send("outbox-id", RESET, AT)
    mailer.send("outbox-id", RESET, AT)
    assert {mail["Message-ID"] for mail in mailbox.mails} == {"<outbox-id@id.example.gov>"}


def test_a_domain_outside_ascii_is_reached(storage, mailer, mailbox):
    mailer.send("x", reset("jane@bücher.example.com"), AT)
    assert mailbox.recipients == ["jane@xn--bcher-kva.example.com"]


def test_a_line_break_in_a_recipient_sends_nothing(storage, mailer, mailbox):
    with pytest.raises(ValueError):  # noqa: PT011 - whichever check comes first
        mailer.send("x", reset("jane@example.com\nBcc: all@example.com"), AT)
    assert mailbox.mails == []


def test_a_refused_recipient_is_reported(storage, mailer, mailbox):
    mailbox.answer = "550 no such mailbox"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mailer.send("x", RESET, AT)
