"""A real SMTP server on this machine, as the other end of the mailer."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from identity.config import Settings
from identity.mail.mailer import Mailer
from pydantic import SecretStr


@dataclass
class Mailbox:
    """What arrived, and what the server answers to the next recipient."""

    answer: str = "250 OK"
    # Instead of `answer`, and to the content.
    answer_recipient: Callable[[], str] | None = None
    answer_data: Callable[[], str] = lambda: "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answer_recipient() if self.answer_recipient else self.answer
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if not (answer := self.answer_data()).startswith("250"):
            return answer
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        self.mails.append(mail)
        self.recipients.extend(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        mailbox.port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def cities() -> dict[str, SimpleNamespace]:
    return {
        "pinellas-park": SimpleNamespace(
            name="City of Pinellas Park",
            website="https://www.pinellas-park.com",
            support_phone="727-369-0690",
            support_name="Utility Billing Department",
            primary_color="#004b87",
            time_zone="America/New_York",
        )
    }


@pytest.fixture
def mailer(storage_app, settings: Settings, mailbox: Mailbox, cities) -> Iterator[Mailer]:
    """Return a mailer that delivers into the mailbox."""
    smtp_url = f"smtp://127.0.0.1:{mailbox.port}"
    mailer = Mailer(settings.model_copy(update={"smtp_url": SecretStr(smtp_url)}), cities.get)
    mailer.init_app(storage_app[1])
    yield mailer
    mailer.close_resting()
