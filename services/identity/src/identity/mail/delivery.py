"""Delivers the outbox's mails to the mail server."""

import smtplib
from datetime import datetime, timedelta
from typing import Protocol

from identity.clock import Clock
from identity.mail.mailer import Mailer
from identity.mail.messages import Mail
from identity.mail.queue import MAIL
from identity.mail.usefulness import useful_for
from identity.outbox.delivery import NoLongerUsefulError, NotDeliveredError, RefusedForGoodError

_MINUTE = timedelta(minutes=1)
# Mailboxes that greylist take a mail five to fifteen minutes after its first attempt (RFC 6647 §4.4).
_WAITS = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    *(_MINUTE for _ in range(15)),
    *(5 * _MINUTE for _ in range(3)),
    *(15 * _MINUTE for _ in range(2)),
    timedelta(hours=1),
)
_PERMANENT = 500


class MailedProofs(Protocol):
    """The links and codes that mails carry."""

    def restart(self, mail: Mail, queued_at: datetime, now: datetime) -> Mail | None:
        """Return the mail with what works of its link and code, whose lives begin now; None without any.

        A mail that carries neither is returned as it is.
        """
        ...


class MailDelivery:
    """The delivery handler of mails.

    A mail is tried every minute for a quarter of an hour, then less often, until it is no longer useful.
    """

    kind = MAIL
    waits = _WAITS
    # More than fit into the longest time that a mail is useful.
    attempts = 150

    def __init__(self, mailer: Mailer, proofs: MailedProofs, clock: Clock) -> None:
        self._mailer, self._proofs, self._clock = mailer, proofs, clock

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Send the mail; raises `NotDeliveredError` with the mail server's codes, or any other fault.

        The server's texts are left out: they may quote addresses. A recipient or a content refused with 500
        or more is `RefusedForGoodError` (RFC 5321 §4.2.1); a sender or a sign-in is not, since an operator
        can mend them. `NoLongerUsefulError`: the mail would say what is no longer true.
        """
        mail, now = Mail.from_json(payload), self._clock.now()
        if now >= requested_at + useful_for(mail.template):
            raise NoLongerUsefulError(f"{mail.template} is too old")
        sendable = self._proofs.restart(mail, requested_at, now)
        if sendable is None:
            raise NoLongerUsefulError(f"the link or code of {mail.template} was used, replaced or is too old")
        try:
            self._mailer.send(message_id, sendable, requested_at)
        except smtplib.SMTPRecipientsRefused as fault:
            codes = [code for code, _ in fault.recipients.values()]
            raise _refused(fault, codes, is_final=all(code >= _PERMANENT for code in codes)) from None
        except smtplib.SMTPDataError as fault:
            raise _refused(fault, [fault.smtp_code], is_final=fault.smtp_code >= _PERMANENT) from None
        except smtplib.SMTPResponseException as fault:
            raise _refused(fault, [fault.smtp_code], is_final=False) from None


def _refused(fault: smtplib.SMTPException, codes: list[int], *, is_final: bool) -> NotDeliveredError:
    words = " ".join([type(fault).__name__, *map(str, codes)])
    return (RefusedForGoodError if is_final else NotDeliveredError)(words)
