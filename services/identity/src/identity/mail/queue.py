"""Where a verb leaves its mails."""

from identity.clock import Clock
from identity.mail.messages import Mail
from identity.outbox.store import Outbox
from identity.secret_keys import SecretKeys
from identity.storage import Executor

# The kind of these messages in the outbox.
MAIL = "mail"


class MailQueue:
    """Queues mails on the outbox, in the caller's transaction: a mail leaves only if it commits."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock) -> None:
        self._secret_keys, self._clock = secret_keys, clock

    def send(self, executor: Executor, mail: Mail) -> None:
        """Queue the mail for the worker; a recipient without an address gets none."""
        if mail.to:
            Outbox(executor, self._secret_keys, self._clock).queue(MAIL, [mail.as_json()])
