"""The code that a right password needs as well after too many wrong ones (docs/decisions/0065).

Whatever the password was, the same statements run and the same answer is given: a guesser learns nothing.
What differs is seen in the mailbox alone.
"""

from dataclasses import dataclass
from datetime import datetime

from identity import randomness
from identity.continuation import Continuation
from identity.mail.messages import Recipient, sign_in_code
from identity.mail.queue import MailQueue
from identity.rate_limits.limiter import Action, RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.residents.accounts.recipient import recipient_of
from identity.residents.sign_in_codes.store import SignInCodes, code_id
from identity.secret_keys import SecretKeys, digest
from identity.storage import Transaction
from identity.web.mail_links import MailLinks

_LANGUAGE = "en"


@dataclass(frozen=True)
class CodeOffer:
    """A code that is about to be issued. Holds personal data and a password's hash."""

    address: Address
    code_id: str
    # None: the password was wrong, or this password's mails of the day are used up.
    verified_hash: str | None

    @property
    def is_mailed(self) -> bool:
        """Tell whether the resident gets the code."""
        return self.verified_hash is not None


class MailedCodes:
    """Issues such codes, within five mails a day for one password."""

    def __init__(
        self,
        *,
        secret_keys: SecretKeys,
        rate_limiter: RateLimiter,
        mail_queue: MailQueue,
        mail_links: MailLinks,
    ) -> None:
        self._secret_keys, self._rate_limiter = secret_keys, rate_limiter
        self._mail_queue, self._mail_links = mail_queue, mail_links

    def prepare(self, address: Address, browser_secret: str, verified_hash: str | None) -> CodeOffer:
        """Count the mail of a right password; call it before the transaction of `mail`.

        Counted by the password too: wrong ones use up nothing, and a new password has mails of its own. A
        code that was mailed to this browser stays good unless another one is mailed.
        """
        action = Action.SIGN_IN_CODE if verified_hash else Action.NO_SIGN_IN_CODE
        is_allowed = self._rate_limiter.allows(action, f"{address.key} {digest(verified_hash or '')}")
        if verified_hash is None or not is_allowed:
            return CodeOffer(address, code_id(randomness.secret(), address.key), None)
        return CodeOffer(address, code_id(browser_secret, address.key), verified_hash)

    def mail(
        self,
        tx: Transaction,
        offer: CodeOffer,
        resident: Resident | None,
        continuation: Continuation,
        remember_me: bool,  # noqa: FBT001 - as typed
        now: datetime,
    ) -> None:
        """Issue the code, and queue its mail if the password was right."""
        code = SignInCodes(tx, self._secret_keys).issue_code(
            offer.code_id, offer.verified_hash, remember_me=remember_me, now=now
        )
        to = Recipient(offer.address.display, _LANGUAGE, None)
        if resident and resident.email:
            to = recipient_of(resident, continuation.city_id)
        reset_link = self._mail_links.to("/forgot-password", continuation)
        mail = sign_in_code(to, code=code, code_subject=offer.code_id, reset_link=reset_link)
        self._mail_queue.send_only_if(offer.is_mailed, tx, mail)
