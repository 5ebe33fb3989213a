"""Mail to an address that is not verified yet, or to its owner if it has an account.

No page says whether an address has an account (ASVS 5.0 §6.3.8). So both cases do the same work, and the time
that they take says nothing either.
"""

from identity.continuation import Continuation
from identity.mail import messages
from identity.mail.messages import Mail
from identity.mail.queue import MailQueue
from identity.rate_limits.mail_budget import Place
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.storage import Transaction
from identity.web.mail_links import MailLinks


class VerificationMailQueue:
    """Queues such mails in the caller's transaction."""

    def __init__(self, mail_queue: MailQueue, mail_links: MailLinks) -> None:
        self._mail_queue, self._mail_links = mail_queue, mail_links

    def send_unless_taken(
        self, tx: Transaction, address_key: str, mail: Mail, continuation: Continuation, place: Place
    ) -> None:
        """Queue the mail; if the address (`Address.key`) has an account, tell its owner how they sign in.

        The link and the code of a mail that is not sent are never seen, and expire.
        """
        owner = Accounts(tx).by_email_key(address_key)
        applies = mail if owner is None else self._address_taken(owner, continuation)
        self._mail_queue.send_requested(tx, applies, place)

    def _address_taken(self, owner: Resident, continuation: Continuation) -> Mail:
        to = recipient_of(owner, continuation.city_id)
        sign_in_link = self._mail_links.to("/sign-in", continuation)
        if owner.sign_in_method == SignInMethod.PASSWORD:
            reset_link = self._mail_links.to("/forgot-password", continuation)
            return messages.already_registered(to, sign_in_link=sign_in_link, reset_link=reset_link)
        return messages.use_your_provider(to, provider=owner.sign_in_method, sign_in_link=sign_in_link)
