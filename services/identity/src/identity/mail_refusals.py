"""What becomes of a mail whose address the mail server refuses for good (RFC 5321 §4.2.1, 5yz to `RCPT`).

The page that waits for its code says so to the browser that typed the address, and staff see it where they
look the address up. Pages that anyone may open for any address (`Forgot password?`) say nothing.
"""

from datetime import datetime

import structlog

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.errors import UnavailableError
from identity.mail.messages import Mail
from identity.mail.store import RefusedAddresses
from identity.residents.accounts.addresses import InvalidAddressError, parse
from identity.residents.accounts.store import Accounts
from identity.storage import Storage

log = structlog.get_logger(__name__)


class StoredRefusals:
    """The refusals in the database."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def is_refused(self, mail: Mail) -> bool:
        """Return whether an earlier mail to this address was refused."""
        with self._storage.autocommit() as connection:
            return RefusedAddresses(connection).find_refusal(_key(mail)) is not None

    def note_refused(self, mail: Mail, reply: str, now: datetime) -> None:
        """Record the refusal, for the page and for staff; in the audit if it is new."""
        with self._storage.transaction() as tx:
            addresses = RefusedAddresses(tx)
            before = addresses.find_refusal(_key(mail))
            addresses.add_refusal(_key(mail), reply, now)
            if before is not None and before.reply == reply:
                return
            owner = Accounts(tx).by_email_key(_key(mail))
            Audit(tx).record(
                Event.MAIL_REFUSED,
                now,
                resident_id=owner.id if owner else None,
                mail=mail.template,
                reply=reply,
            )

    def note_taken(self, mail: Mail) -> None:
        """Forget the refusal. Without the database it is forgotten after the next mail."""
        try:
            with self._storage.autocommit() as connection:
                RefusedAddresses(connection).delete_refusal(_key(mail))
        except UnavailableError:
            log.warning("refusal_kept", mail=mail.template)


def _key(mail: Mail) -> str:
    try:
        return parse(mail.to).key
    except InvalidAddressError:
        # An address of an older release's rules.
        return mail.to.lower()
