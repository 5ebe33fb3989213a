"""The mails received since the start, in memory, up to a fixed number."""

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

CAPACITY = 500


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One received mail. `recipients` are those of the envelope; `number` counts from 1, never reused."""

    number: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    source: str


class Mailbox:
    """Keeps the newest mails. The SMTP server writes in its thread, the web server reads in others."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._mails: deque[Mail] = deque(maxlen=capacity)
        self._count = 0
        self._lock = threading.Lock()

    def add_mail(self, source: bytes, recipients: list[str], now: datetime) -> None:
        """Add one mail; at full capacity the oldest one is dropped."""
        mail = _read(source, tuple(recipients), now)
        with self._lock:
            self._count += 1
            self._mails.appendleft(replace(mail, number=self._count))

    def list_mails(self, recipient: str = "") -> list[Mail]:
        """Return the mails, newest first, or those for one address (case does not matter)."""
        with self._lock:
            kept = list(self._mails)
        wanted = recipient.strip().casefold()
        return [mail for mail in kept if not wanted or wanted in map(str.casefold, mail.recipients)]

    def find_mail(self, number: int) -> Mail | None:
        """Return one mail, None if it does not exist or was dropped."""
        return next((mail for mail in self.list_mails() if mail.number == number), None)

    def clear(self) -> None:
        """Delete every mail."""
        with self._lock:
            self._mails.clear()


def _read(source: bytes, recipients: tuple[str, ...], now: datetime) -> Mail:
    message = message_from_bytes(source, policy=policy.default)
    return Mail(
        number=0,
        received_at=now,
        sender=str(message["From"] or ""),
        recipients=recipients,
        subject=str(message["Subject"] or ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        source=source.decode("utf-8", "replace"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
