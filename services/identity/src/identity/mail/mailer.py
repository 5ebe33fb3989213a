"""Mails, from the outbox to the city's mail server."""

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
    """Renders and sends. Needs the application context that `init_app` prepared."""

    def __init__(self, settings: Settings, cities: Callable[[str], CityLooks | None]) -> None:
        self._renderer = Renderer(cities)
        self._sender = settings.mail_sender
        self._domain = parseaddr(settings.mail_sender)[1].rpartition("@")[2]
        self._server = smtp.SmtpTransport(settings.smtp_url)
        # `init_app(app)`: attaches Flask-Mail to the application.
        self.init_app = self._server.init_app

    def send(self, message_id: str, mail: Mail, requested_at: datetime) -> None:
        """Hand one mail to the mail server; raises whatever stands in the way.

        The Message-ID is made of the outbox's identifier and so is the same at each attempt: a mailbox that
        gets a mail twice can tell.
        """
        rendered = self._renderer.render(mail, requested_at)
        message = Message(
            subject=rendered.subject,
            # The domain in ASCII; SMTP knows no other.
            recipients=[validate_email(mail.to, check_deliverability=False).ascii_email or mail.to],
            body=rendered.text,
            html=rendered.html,
            sender=self._sender,
            charset="utf-8",
            extra_headers={
                # RFC 3834: nobody's vacation notice answers.
                "Auto-Submitted": "auto-generated",
                "Content-Language": rendered.language,
            },
        )
        message.msgId = f"<{message_id}@{self._domain}>"
        self._server.send(message)
