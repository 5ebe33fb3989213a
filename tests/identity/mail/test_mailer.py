import smtplib
import socket
import threading
import time
from datetime import UTC, datetime

import pytest
from identity.errors import SettingsError
from identity.mail import smtp
from identity.mail.mailer import Mailer
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


def test_a_server_that_says_nothing_is_not_waited_for(storage_app, storage, settings, cities, monkeypatch):
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        mailer = Mailer(settings.model_copy(update={"smtp_url": url}), cities.get)
        mailer.init_app(storage_app[1])
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - timed out, or, at the greeting, disconnected
            mailer.send("x", RESET, AT)
        assert time.monotonic() - began < 2


def test_a_server_that_hangs_up_after_accepting_has_the_mail(storage_app, storage, settings, cities):
    """Otherwise the mail would be sent again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def rude():
            client, _ = listener.accept()
            with client, client.makefile("rw", newline="\r\n") as talk:
                for reply in ("220 hi", "250 hi", "250 ok", "250 ok", "354 go"):
                    talk.write(reply + "\r\n")
                    talk.flush()
                    talk.readline()
                while talk.readline().strip() != ".":
                    pass
                talk.write("250 accepted\r\n")
                talk.flush()

        thread = threading.Thread(target=rude)
        thread.start()
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        mailer = Mailer(settings.model_copy(update={"smtp_url": url}), cities.get)
        mailer.init_app(storage_app[1])
        mailer.send("x", RESET, AT)
        thread.join()


def test_encryption_is_required_where_it_is_configured(storage_app, storage, settings, mailbox, cities):
    """The server of this test offers none, so nothing may be sent."""
    for scheme in ("smtp+starttls", "smtps"):
        url = f"{scheme}://127.0.0.1:{mailbox.port}"
        mailer = Mailer(settings.model_copy(update={"smtp_url": url}), cities.get)
        mailer.init_app(storage_app[1])
        with pytest.raises((OSError, smtplib.SMTPException)):
            mailer.send("x", RESET, AT)
    assert mailbox.mails == []


def test_a_smtp_url_names_server_port_encryption_and_account():
    read = smtp.configuration("smtp+starttls://us%40er:pa%2Fss@mail.example.gov")
    assert (read["MAIL_SERVER"], read["MAIL_PORT"]) == ("mail.example.gov", 587)
    assert (read["MAIL_USERNAME"], read["MAIL_PASSWORD"]) == ("us@er", "pa/ss")
    assert (read["MAIL_USE_TLS"], read["MAIL_USE_SSL"]) == (True, False)
    assert smtp.configuration("smtps://mail.example.gov")["MAIL_PORT"] == 465
    assert smtp.configuration("smtp://127.0.0.1:1025")["MAIL_PORT"] == 1025


@pytest.mark.parametrize(
    "url", ["", "mail.example.gov", "http://mail.example.gov", "smtp://", "smtp://x:port"]
)
def test_a_wrong_smtp_url_is_refused_with_what_to_write(url):
    with pytest.raises(SettingsError, match="IDENTITY_SMTP_URL: give smtp://"):
        smtp.configuration(url)
