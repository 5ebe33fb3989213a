"""The SMTP server: accepts every mail for every address."""

from collections.abc import Callable
from datetime import datetime

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.inbox.mailbox import Mailbox

MAIL_BYTES = 2 * 1024 * 1024


class MailHandler:
    """Adds received mails to the mailbox."""

    def __init__(self, mailbox: Mailbox, now: Callable[[], datetime]) -> None:
        self._mailbox, self._now = mailbox, now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's name and arguments
        """Add one mail; aiosmtpd calls this after DATA (RFC 5321 §4.1.1.4)."""
        content = envelope.content
        source = content if isinstance(content, bytes) else (content or "").encode()
        self._mailbox.add_mail(source, [str(address) for address in envelope.rcpt_tos], self._now())
        return "250 Kept"


def start_smtp_server(handler: MailHandler, host: str, port: int) -> Controller:
    """Start the server in a thread and return its controller; raises `OSError` if the port is taken."""
    controller = Controller(handler, hostname=host, port=port, data_size_limit=MAIL_BYTES)
    controller.start()
    return controller
