"""The mails of this journey: one for each request, whatever stands behind the address."""

from identity.clock import Clock
from identity.mail.messages import Mail, Template
from identity.outbox.store import Outbox
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.continuation import Continuation
from identity.web.mail_links import MailLinks

_PATHS = {Purpose.RESET_PASSWORD: "/reset-password", Purpose.UNLOCK: "/unlock"}


class RecoveryMail:
    """Queues the mails within the caller's transaction."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock, mail_links: MailLinks) -> None:
        self._secret_keys = secret_keys
        self._clock = clock
        self._mail_links = mail_links

    def no_account(
        self, tx: Transaction, address: Address, language: str, continuation: Continuation
    ) -> None:
        """Tell the owner of an address that it has no account, and how to get one."""
        facts = {"sign_up_link": self._mail_links.to("/sign-up", continuation)}
        self._queue(tx, address.display, language, Template.NO_ACCOUNT, continuation.city_id, facts)

    def other_method(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        """Tell a resident without a password here which provider they sign in with."""
        facts = {
            "provider": resident.sign_in_method,
            "sign_in_link": self._mail_links.to("/sign-in", continuation),
        }
        self._to(tx, resident, continuation, Template.USE_YOUR_PROVIDER, facts)

    def link(self, tx: Transaction, resident: Resident, continuation: Continuation, purpose: Purpose) -> None:
        """Mail the link to choose a new password, or to unlock."""
        token = ActionLinks(tx).issue(
            purpose,
            resident.id,
            self._mail_links.signed(continuation),
            purpose.lifetime,
            self._clock.now(),
        )
        template = Template.UNLOCK_ACCOUNT if purpose is Purpose.UNLOCK else Template.RESET_PASSWORD
        facts = {"link": self._mail_links.to(_PATHS[purpose], continuation, token=token)}
        self._to(tx, resident, continuation, template, facts)

    def not_locked(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        """Tell a resident that nothing is locked, and what else may help."""
        facts = {
            "sign_in_link": self._mail_links.to("/sign-in", continuation),
            "reset_link": self._mail_links.to("/forgot-password", continuation),
        }
        self._to(tx, resident, continuation, Template.ACCOUNT_NOT_LOCKED, facts)

    def password_changed(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        """Tell a resident that the password was changed, with the way back if it was not them."""
        facts = {"reset_link": self._mail_links.to("/forgot-password", continuation)}
        self._to(tx, resident, continuation, Template.PASSWORD_CHANGED, facts)

    def _to(
        self,
        tx: Transaction,
        resident: Resident,
        continuation: Continuation,
        template: Template,
        facts: dict[str, str],
    ) -> None:
        if resident.email:
            city_id = continuation.city_id or resident.city_id or ""
            self._queue(tx, resident.email, resident.language, template, city_id, facts)

    def _queue(
        self,
        tx: Transaction,
        to: str,
        language: str,
        template: Template,
        city_id: str,
        facts: dict[str, str],
    ) -> None:
        mail = Mail(to=to, language=language, template=template, city_id=city_id or None, facts=facts)
        Outbox(tx, self._secret_keys, self._clock).mail(mail)


def signs_in_by_password(resident: Resident) -> bool:
    """Tell whether a password of this resident exists that could be reset or locked."""
    return resident.sign_in_method == SignInMethod.PASSWORD
