"""Sessions with mail servers of every kind: bounded, encrypted as configured, and used again."""

import smtplib
import socket
import threading
import time

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from flask import Flask
from identity.errors import SettingsError
from identity.mail import smtp, smtp_session
from identity.mail.delivery import BEGUN
from identity.mail.mailer import Mailer
from identity.mail.messages import Recipient, reset_password
from identity.mail.smtp import NoSessionError
from identity.outbox.store import LEASE
from identity.outbox.worker import CLAIM
from local_stack import free_ports
from pydantic import SecretStr

RESET = reset_password(Recipient("jane@example.com", "en", "pinellas-park"), link="https://id/x")


@pytest.fixture
def mailer_for(checked_settings, cities):
    """Return a function that returns a mailer for a server."""
    made = []

    def mailer_for(url, ca_file=""):
        update = {"smtp_url": SecretStr(url), "ca_file": ca_file}
        changed = checked_settings.model_copy(update=update)
        # A copy keeps what was computed before.
        changed.__dict__.pop("authorities", None)
        mailer = Mailer(changed, cities.get)
        mailer.init_app(Flask("mails"))
        made.append(mailer)
        return mailer

    yield mailer_for
    for mailer in made:
        mailer.close_resting()


@pytest.fixture
def mailer(mailer_for, mailbox):
    return mailer_for(f"smtp://127.0.0.1:{mailbox.port}")


@pytest.fixture
def sender(mailer_for, now):
    """Return a function that returns a function that sends a mail to a server."""

    def sender(url):
        mailer = mailer_for(url)
        return lambda: mailer.send("x", RESET, now)

    return sender


@pytest.fixture
def talking(serve):
    """Return a function that serves replies, one after each line, and returns the server's URL."""

    def talking(*replies: str, then=lambda _connection: None, tls=None):
        seen = []

        def answer(connection):
            seen.append(connection)
            lines = connection.makefile("rb")
            for reply in replies:
                connection.sendall(reply.encode() + b"\r\n")
                if not lines.readline():
                    return
                if reply.startswith("354"):
                    while lines.readline() not in (b".\r\n", b""):
                        pass
            then(connection)

        address = serve(answer, tls=tls).removesuffix("/jwks").rpartition("/")[2]
        return f"{'smtps' if tls else 'smtp'}://{address}", seen

    return talking


def silence(_connection):
    threading.Event().wait(30)


def drip(connection):
    while True:
        connection.sendall(b"250-")
        time.sleep(0.05)
        connection.sendall(b"x\r\n")


GREETED = ("220 hi", "250 hi")


class TestEnd:
    """A try ends, whatever the server does."""

    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch):
        monkeypatch.setattr(smtp_session, "TIMEOUT_SECONDS", 0.3)
        monkeypatch.setattr(smtp_session, "CONTENT_SECONDS", 0.6)
        monkeypatch.setattr(smtp, "TOTAL_SECONDS", 1.0)

    @pytest.mark.parametrize("replies", [(), ("220 hi",), GREETED])
    @pytest.mark.parametrize("then", [silence, drip])
    def test_a_server_that_takes_no_mail(self, talking, sender, replies, then):
        send, began = sender(talking(*replies, then=then)[0]), time.monotonic()
        with pytest.raises(NoSessionError):
            send()
        assert time.monotonic() - began < 3

    @pytest.mark.parametrize("replies", [(*GREETED, "250 ok"), (*GREETED, "250 ok", "250 ok", "354 go")])
    @pytest.mark.parametrize("then", [silence, drip])
    def test_a_server_that_is_slow_with_one_recipient_or_content(self, talking, sender, replies, then):
        """It is this mail's fault: other recipients may be served."""
        send, began = sender(talking(*replies, then=then)[0]), time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - timed out, or disconnected
            send()
        assert time.monotonic() - began < 3

    def test_one_that_takes_connections_and_none_of_the_words(self, sender):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            send = sender(f"smtps://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(NoSessionError, match="no answer in time"):
                send()

    def test_a_name_server_that_does_not_answer(self, sender, talking, monkeypatch):
        """What was found before goes on to work."""
        url, _ = talking(*GREETED, "250 ok", "250 ok", "354 go", "250 taken")
        send = sender(url)
        send()

        def hang(_host, _port):
            raise TimeoutError

        monkeypatch.setattr(smtp, "resolve_host", hang)
        send()

    def test_of_two_addresses_the_one_that_works_is_tried_first(self, sender, talking, monkeypatch):
        url, _ = talking(*GREETED, "250 ok", "250 ok", "354 go", "250 taken")
        port = int(url.rpartition(":")[2])
        with socket.create_server(("127.0.0.2", port)):
            monkeypatch.setattr(smtp, "resolve_host", lambda *_: ["127.0.0.2", "127.0.0.1"])
            send = sender(f"smtp://mail.example.gov:{port}")
            with pytest.raises(NoSessionError):
                send()
            began = time.monotonic()
            send()
            assert time.monotonic() - began < 0.3


def test_the_longest_try_is_shorter_than_the_lease():
    assert (CLAIM + BEGUN).total_seconds() + smtp.TOTAL_SECONDS < LEASE.total_seconds()


def test_a_server_that_hangs_up_after_accepting_has_the_mail(talking, sender):
    """Otherwise the mail would be sent again and again."""
    sender(talking(*GREETED, "250 ok", "250 ok", "354 go", "250 taken")[0])()


@pytest.mark.parametrize("reply", ["421 closing", "451 later", "550 you are not welcome"])
def test_a_sender_that_is_refused_is_no_fault_of_the_mail(talking, sender, reply):
    with pytest.raises(NoSessionError, match=f"{reply[:3]}$"):
        sender(talking(*GREETED, reply)[0])()


def test_a_mail_that_is_too_large_is(talking, sender):
    with pytest.raises(smtplib.SMTPSenderRefused):
        sender(talking(*GREETED, "552 5.3.4 too large")[0])()


def test_a_refused_sign_in_is_no_fault_of_the_mail(talking, sender):
    url, _ = talking("220 hi", "250-hi\r\n250 AUTH PLAIN", "535 5.7.8 no", "535 no")
    with pytest.raises(NoSessionError, match="535"):
        sender(url.replace("smtp://", "smtp://user:secret@"))()


class TestReuse:
    @pytest.fixture
    def counted(self, mailbox, monkeypatch):
        """Return the sessions that were begun."""
        begun, greet = [], SMTP._handle_client  # noqa: SLF001 - aiosmtpd calls no hook at a connection

        async def count(self):
            begun.append(self)
            await greet(self)

        monkeypatch.setattr(SMTP, "_handle_client", count)
        return begun

    def test_one_connection_serves_many_mails(self, mailer, mailbox, counted, now):
        for number in range(30):
            mailbox.answer = "550 unknown" if number % 10 == 5 else "250 OK"
            try:
                mailer.send(f"m{number}", RESET, now)
            except smtplib.SMTPRecipientsRefused:
                assert number % 10 == 5
        assert len(mailbox.mails) == 27
        assert len(counted) == 1

    def test_it_is_replaced_after_a_hundred(self, mailer, mailbox, counted, now, monkeypatch):
        monkeypatch.setattr(smtp, "MAILS_OF_A_CONNECTION", 3)
        for number in range(7):
            mailer.send(f"m{number}", RESET, now)
        assert (len(mailbox.mails), len(counted)) == (7, 3)

    def test_one_that_has_rested_for_long_is_closed(self, mailer, mailbox, counted, now):
        mailer.send("m", RESET, now)
        mailer.close_resting(after=60)
        mailer.send("m", RESET, now)
        mailer.close_resting(after=0)
        mailer.send("m", RESET, now)
        assert len(counted) == 2

    def test_one_that_the_server_closed_meanwhile_is_replaced(self, mailer_for, talking, now):
        url, seen = talking(*GREETED, "250 ok", "250 ok", "354 go", "250 taken")
        mailer = mailer_for(url)
        for _ in range(3):
            mailer.send("m", RESET, now)
        assert len(seen) == 3

    def test_one_that_is_to_be_closed_is_replaced(self, mailer_for, talking, now):
        url, seen = talking(*GREETED, "250 ok", "250 ok", "354 go", "250 taken", "421 enough for today")
        mailer = mailer_for(url)
        for _ in range(3):
            mailer.send("m", RESET, now)
        assert len(seen) == 3

    def test_threads_have_connections_of_their_own(self, mailer, mailbox, now):
        threads = [
            threading.Thread(target=lambda: [mailer.send("m", RESET, now) for _ in range(5)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(mailbox.mails) == 20


def test_a_session_is_encrypted_and_signed_in_once(
    mailer_for, mailbox, certificate_authority, issued_certificate, now
):
    (free_port,) = free_ports(1)
    signed_in = []

    def authenticate(*_: object):
        signed_in.append(1)
        return AuthResult(success=True)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
        tls_context=issued_certificate.tls,
    )
    controller.start()
    try:
        url = f"smtp+starttls://user:secret@127.0.0.1:{free_port}"
        mailer = mailer_for(url, str(certificate_authority.file))
        for _ in range(3):
            mailer.send("m", RESET, now)
        mailer.close_resting()
    finally:
        controller.stop()
    assert (len(mailbox.mails), len(signed_in)) == (3, 1)


def test_a_session_that_begins_encrypted(mailer_for, talking, certificate_authority, issued_certificate, now):
    replies = (*GREETED, "250 ok", "250 ok", "354 go", "250 taken", "250 ok", "250 ok", "354 go", "250 taken")
    url, seen = talking(*replies, tls=issued_certificate.tls)
    mailer = mailer_for(url, str(certificate_authority.file))
    for _ in range(2):
        mailer.send("m", RESET, now)
    assert len(seen) == 1
    with pytest.raises(NoSessionError, match="SSLCertVerificationError"):
        mailer_for(url).send("m", RESET, now)


def test_encryption_is_required_where_it_is_configured(mailbox, sender):
    """The server of this test offers none, so nothing may be sent."""
    for scheme in ("smtp+starttls", "smtps"):
        with pytest.raises(NoSessionError):
            sender(f"{scheme}://127.0.0.1:{mailbox.port}")()
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
