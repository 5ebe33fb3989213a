"""Who carries what: a courier for each kind of message in the outbox."""

import smtplib
from datetime import datetime
from typing import Protocol

from identity.mail.messages import Mail
from identity.outbox.store import MAIL

MAIL_ATTEMPTS = 12


class NotDeliveredError(Exception):
    """A message could not be delivered now; the text is for an operator and quotes nothing of it."""


class RefusedForGoodError(NotDeliveredError):
    """The other side will never take this message."""


class DeliveryHandler(Protocol):
    """Delivers the messages of one kind."""

    @property
    def kind(self) -> str:
        """The kind of message."""
        ...

    @property
    def attempts(self) -> int:
        """After how many attempts a message is given up, for an operator to see."""
        ...

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Deliver one message; raises whatever stands in the way, `RefusedForGoodError` if it stays there."""
        ...


class Sends(Protocol):
    """What the courier of mails needs of the mailer."""

    def send(self, message_id: str, mail: Mail, requested_at: datetime) -> None:
        """Hand one mail to the mail server; raises whatever stands in the way."""


class MailDelivery:
    """Delivers mails."""

    kind = MAIL
    attempts = MAIL_ATTEMPTS

    def __init__(self, mailer: Sends) -> None:
        self._mailer = mailer

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Send the mail.

        Of what the mail server says, its codes are kept: the texts may quote addresses. A recipient refused
        with 500 or more is refused for good (RFC 5321 §4.2.1).
        """
        try:
            self._mailer.send(message_id, Mail.from_json(payload), requested_at)
        except smtplib.SMTPRecipientsRefused as fault:
            codes = [code for code, _ in fault.recipients.values()]
            words = " ".join([type(fault).__name__, *map(str, codes)])
            is_final = all(code >= 500 for code in codes)  # noqa: PLR2004 - RFC 5321 §4.2.1
            raise (RefusedForGoodError if is_final else NotDeliveredError)(words) from None
        except smtplib.SMTPResponseException as fault:
            raise NotDeliveredError(f"{type(fault).__name__} {fault.smtp_code}") from None
