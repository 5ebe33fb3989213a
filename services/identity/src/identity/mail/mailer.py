"""Sends a mail: renders it and hands it to the mail server."""

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr

from email_validator import validate_email
from flask_mail import Message

from identity.config import Settings
from identity.mail import smtp
from identity.mail.messages import Mail
from identity.mail.rendering import CityLooks, Renderer


class Mailer:
    """Sends mails; many threads may use one. `init_app` comes first."""

    def __init__(self, settings: Settings, cities: Callable[[str], CityLooks | None]) -> None:
        self._renderer = Renderer(cities)
        self._sender = settings.mail_sender
        self._domain = parseaddr(settings.mail_sender)[1].rpartition("@")[2]
        self._server = smtp.SmtpTransport(settings.smtp_url.get_secret_value(), settings.authorities)
        # `init_app(app)`: attaches Flask-Mail to the application.
        self.init_app = self._server.init_app
        # `close_resting(after=10.0)`: closes the connections that have rested for so many seconds.
        self.close_resting = self._server.close_resting

    def send(self, message_id: str, mail: Mail, requested_at: datetime) -> None:
        """Hand one mail to the mail server; raises as `SmtpTransport.send`, or as `Renderer.render`.

        The Message-ID is the outbox's identifier, the same at each attempt: so a mailbox recognises a mail
        that it gets twice.
        """
        rendered = self._renderer.render(mail, requested_at)
        message = Message(
            subject=rendered.subject,
            # SMTP takes the domain in ASCII only (RFC 5321 §2.3.5).
            recipients=[validate_email(mail.to, check_deliverability=False).ascii_email or mail.to],
            body=rendered.text,
            html=rendered.html,
            sender=self._sender,
            charset="utf-8",
            extra_headers={
                # So that vacation notices do not reply (RFC 3834 §5).
                "Auto-Submitted": "auto-generated",
                "Content-Language": rendered.language,
            },
        )
        message.msgId = f"<{message_id}@{self._domain}>"
        self._server.send(message)
