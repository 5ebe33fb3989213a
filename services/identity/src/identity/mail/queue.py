"""Where a verb leaves its mails."""

import hashlib
from dataclasses import replace

from identity.clock import Clock
from identity.mail.messages import Mail, with_stop_link
from identity.outbox.store import Outbox, Outgoing
from identity.rate_limits.mail_budget import Place
from identity.secret_keys import SecretKeys
from identity.storage import Executor

# The kind of these messages in the outbox.
MAIL = "mail"
# Payloads are filled up with blanks to a multiple of so many characters: their size does not tell which mail.
_BLOCK = 4096


class MailQueue:
    """Queues mails on the outbox, in the caller's transaction: a mail leaves only if it commits."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock) -> None:
        self._secret_keys, self._clock = secret_keys, clock

    def send(self, executor: Executor, mail: Mail) -> None:
        """Queue the mail for the worker; a recipient without an address gets none."""
        if mail.to:
            Outbox(executor, self._secret_keys, self._clock).queue(MAIL, [_outgoing(mail)])

    def send_requested(self, executor: Executor, mail: Mail, place: Place) -> None:
        """Queue a mail that a stranger may have asked for, with the link that stops such mails.

        Without a place a row of the same size is written that no worker reads.
        """
        outgoing = _outgoing(with_stop_link(mail, place.stop_link))
        if not place.is_granted:
            outgoing = replace(outgoing, payload=" " * len(outgoing.payload))
        outbox = Outbox(executor, self._secret_keys, self._clock)
        outbox.queue(MAIL, [outgoing], is_sent=place.is_granted)

    def send_only_if(self, condition: bool, executor: Executor, mail: Mail) -> None:  # noqa: FBT001 - what it is about
        """Queue the mail, and take it back unless the condition holds: the same statements either way."""
        outbox = Outbox(executor, self._secret_keys, self._clock)
        [message_id] = outbox.queue(MAIL, [_outgoing(mail)])
        outbox.take_back("" if condition else message_id)


def _outgoing(mail: Mail) -> Outgoing:
    text = mail.as_json()
    return Outgoing(_destination(mail.to), text.ljust(-(-len(text) // _BLOCK) * _BLOCK))


def _destination(address: str) -> str:
    """Return what stands for the mailbox provider: its domain's last two labels, unreadable.

    Names below a domain cost nothing, so they count as one.
    """
    domain = ".".join(address.rpartition("@")[2].lower().split(".")[-2:])
    return hashlib.sha256(domain.encode()).hexdigest()[:32]
