"""Mails that ask for proof of an address, or tell its owner that it is taken.

No page says whether an address has an account (ASVS 5.0 6.3.8). So both cases issue and queue alike, and the
time that they take says nothing either.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.continuation import Continuation
from identity.mail import messages
from identity.mail.messages import Mail, Recipient
from identity.mail.queue import MailQueue
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.one_time_codes.store import OneTimeCodes
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.mail_links import MailLinks


class VerificationMessage(Protocol):
    """A function of `mail.messages` whose facts are a link and a code."""

    def __call__(self, to: Recipient, /, *, link: str, code: str) -> Mail:
        """Return the mail."""
        ...


@dataclass(frozen=True)
class UnverifiedAddress:
    """An address that waits for proof, and what waits for it. Holds personal data."""

    # The compared form (`Address.key`).
    key: str
    recipient: Recipient
    message: VerificationMessage
    purpose: Purpose
    # The identifier of what waits.
    subject: str
    continuation: Continuation


class AddressVerification:
    """Mails what proves an address, in the caller's transaction."""

    def __init__(self, secret_keys: SecretKeys, mail_queue: MailQueue, mail_links: MailLinks) -> None:
        self._secret_keys, self._mail_queue, self._mail_links = secret_keys, mail_queue, mail_links

    def send_link_and_code(self, tx: Transaction, address: UnverifiedAddress, now: datetime) -> None:
        """Mail a new link and code; the ones before are replaced."""
        link = self._mail_links.issue(tx, address.purpose, address.subject, address.continuation, now)
        code = OneTimeCodes(tx, self._secret_keys).issue_code(address.purpose, address.subject, now)
        mail = address.message(address.recipient, link=link, code=code)
        self.send_unless_taken(tx, address.key, mail, address.continuation)

    def send_unless_taken(
        self, tx: Transaction, address_key: str, mail: Mail, continuation: Continuation
    ) -> None:
        """Send the mail; if the address has an account, tell its owner how they sign in instead.

        The link and the code of a mail that is not sent are never seen, and expire.
        """
        owner = Accounts(tx).by_email_key(address_key)
        self._mail_queue.send(tx, mail if owner is None else self._address_taken(owner, continuation))

    def _address_taken(self, owner: Resident, continuation: Continuation) -> Mail:
        to = recipient_of(owner, continuation.city_id)
        sign_in_link = self._mail_links.to("/sign-in", continuation)
        if owner.sign_in_method == SignInMethod.PASSWORD:
            reset_link = self._mail_links.to("/forgot-password", continuation)
            return messages.already_registered(to, sign_in_link=sign_in_link, reset_link=reset_link)
        return messages.use_your_provider(to, provider=owner.sign_in_method, sign_in_link=sign_in_link)
