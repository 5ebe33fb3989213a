"""Delivers the outbox's mails to the mail server."""

import smtplib
from datetime import datetime

from identity.mail.mailer import Mailer
from identity.mail.messages import Mail
from identity.mail.queue import MAIL
from identity.outbox.delivery import NotDeliveredError, RefusedForGoodError


class MailDelivery:
    """The delivery handler of mails."""

    kind = MAIL
    attempts = 12

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Send the mail; raises `NotDeliveredError` with the mail server's codes, or any other fault.

        The server's texts are left out: they may quote addresses. A recipient refused with 500 or more is
        `RefusedForGoodError` (RFC 5321 §4.2.1).
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
