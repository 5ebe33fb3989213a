"""Delivers the outbox's mails to the mail server."""

import re
import smtplib
from datetime import datetime, timedelta
from typing import Protocol

from identity.clock import Clock
from identity.mail.mailer import Mailer
from identity.mail.messages import Mail
from identity.mail.queue import MAIL
from identity.mail.smtp import NoSessionError, words_for
from identity.mail.usefulness import useful_for
from identity.outbox.delivery import (
    NoLongerUsefulError,
    NotAnsweredError,
    NotDeliveredError,
    RefusedForGoodError,
    ServerAwayError,
)

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
# Of the message's lease, what may pass before the mail is begun.
BEGUN = timedelta(seconds=8)
_CLOSING, _PERMANENT = 421, 500
# Authentication is required, too weak or refused (RFC 4954 §6).
_SIGN_IN = (530, 534, 535, 538)
# An enhanced status code (RFC 3463 §2); its second part says what the reply is about.
_ENHANCED = re.compile(rb"[245]\.(\d{1,3})\.\d{1,3}(?!\S)")
_MAIL_SYSTEM, _POLICY = b"3", b"7"


class MailedProofs(Protocol):
    """The links and codes that mails carry."""

    def restart(self, mail: Mail, queued_at: datetime, now: datetime) -> Mail | None:
        """Return the mail with what works of its link and code, whose lives begin now; None without any.

        A mail that carries neither is returned as it is.
        """
        ...


class MailRefusals(Protocol):
    """The addresses that the mail server refused."""

    def is_refused(self, mail: Mail) -> bool:
        """Return whether an earlier mail to this address was refused."""
        ...

    def note_refused(self, mail: Mail, reply: str, now: datetime) -> None:
        """Record that the mail server refuses its address; `reply` is the code, such as `550 5.1.1`."""
        ...

    def note_taken(self, mail: Mail) -> None:
        """Record that the mail server takes mail for its address. Raises nothing: the mail has left."""
        ...


class MailDelivery:
    """The delivery handler of mails.

    A mail is tried every minute for a quarter of an hour, then less often, until it is no longer useful.
    """

    kind = MAIL
    waits = _WAITS
    # More than fit into the longest time that a mail is useful, at one a minute.
    attempts = 10_000

    def __init__(self, mailer: Mailer, proofs: MailedProofs, refusals: MailRefusals, clock: Clock) -> None:
        self._mailer, self._proofs, self._refusals, self._clock = mailer, proofs, refusals, clock

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Send the mail; raises `NotDeliveredError` with the mail server's codes, or any other fault.

        The server's texts are left out: they may quote addresses. A recipient or a content refused with 500
        or more is `RefusedForGoodError` (RFC 5321 §4.2.1). What is not about this mail is not: a server that
        is away, or refuses the sign-in or the sender (`ServerAwayError`), and a policy against us, since an
        operator can mend them. `NoLongerUsefulError`: the mail would say what is no longer true.
        """
        mail, now = Mail.from_json(payload), self._clock.now()
        if now >= requested_at + useful_for(mail):
            raise NoLongerUsefulError(f"{mail.template} is too old")
        was_refused = self._refusals.is_refused(mail)
        sendable = self._proofs.restart(mail, requested_at, now)
        if sendable is None:
            raise NoLongerUsefulError(f"the link or code of {mail.template} was used, replaced or is too old")
        if self._clock.now() - now >= BEGUN:
            raise NotAnsweredError("the database took too long")
        self._send(message_id, sendable, requested_at)
        if was_refused:
            self._refusals.note_taken(mail)

    def _send(self, message_id: str, mail: Mail, requested_at: datetime) -> None:
        try:
            self._mailer.send(message_id, mail, requested_at)
        except NoSessionError as fault:
            raise ServerAwayError(str(fault)) from None
        except smtplib.SMTPRecipientsRefused as fault:
            # A mail has one recipient.
            ((code, words),) = fault.recipients.values()
            refused = _fault_of("SMTPRecipientsRefused", code, words)
            if code >= _PERMANENT and not isinstance(refused, ServerAwayError):
                self._refusals.note_refused(mail, _reply(code, words), self._clock.now())
            raise refused from None
        except smtplib.SMTPResponseException as fault:
            raise _fault_of(type(fault).__name__, fault.smtp_code, fault.smtp_error) from None
        except OSError as fault:
            raise NotAnsweredError(words_for(fault)) from None


def _fault_of(name: str, code: int, words: bytes | str) -> NotDeliveredError:
    """Return what a reply to the recipient or to the content means for the mail."""
    text = f"{name} {_reply(code, words)}"
    subject = _enhanced(words)[1]
    if code in _SIGN_IN:
        return ServerAwayError(text)
    if code >= _PERMANENT and subject != _POLICY:
        return RefusedForGoodError(text)
    # A mail system that is full, or closes, is not greylisting: it will take mail as soon as it can.
    is_system = subject == _MAIL_SYSTEM or code == _CLOSING
    return (NotAnsweredError if is_system else NotDeliveredError)(text)


def _reply(code: int, words: bytes | str) -> str:
    """Return the reply's codes: of its text, which may hold anything, only an enhanced status code."""
    return f"{code} {_enhanced(words)[0].decode()}".rstrip()


def _enhanced(words: bytes | str) -> tuple[bytes, bytes]:
    """Return the enhanced status code and its second part; both empty without one."""
    found = _ENHANCED.match(words if isinstance(words, bytes) else words.encode())
    return (found[0], found[1]) if found else (b"", b"")
