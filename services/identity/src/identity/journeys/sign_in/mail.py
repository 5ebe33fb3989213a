"""What the owner of an address learns by mail about sign-ins that failed, since the page tells nobody."""

from datetime import datetime

from identity.clock import Clock
from identity.mail.messages import Mail, Template
from identity.outbox.store import Outbox
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.continuation import Continuation
from identity.web.mail_links import MailLinks


class Notices:
    """Queues these mails within the caller's transaction."""

    def __init__(self, secret_keys: SecretKeys, clock: Clock, mail_links: MailLinks) -> None:
        self._secret_keys = secret_keys
        self._clock = clock
        self._mail_links = mail_links

    def other_method(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        """Tell a resident who typed a password that they sign in through a provider (product decision 1)."""
        if resident.sign_in_method == SignInMethod.PASSWORD:
            return
        facts = {
            "provider": resident.sign_in_method,
            "sign_in_link": self._mail_links.to("/sign-in", continuation),
        }
        self._queue(tx, resident, continuation, Template.USE_YOUR_PROVIDER, facts)

    def locked(
        self,
        tx: Transaction,
        resident: Resident,
        continuation: Continuation,
        now: datetime,
        *,
        for_good: bool,
    ) -> None:
        """Tell a resident that sign-ins are held up; `for_good` means until a new password."""
        if resident.sign_in_method != SignInMethod.PASSWORD:
            return
        template, purpose, path = Template.ACCOUNT_LOCKED, Purpose.UNLOCK, "/unlock"
        if for_good:
            template, purpose, path = (
                Template.ACCOUNT_STOPPED,
                Purpose.RESET_PASSWORD,
                "/reset-password",
            )
        token = ActionLinks(tx).issue(
            purpose, resident.id, self._mail_links.signed(continuation), purpose.lifetime, now
        )
        facts = {"link": self._mail_links.to(path, continuation, token=token)}
        self._queue(tx, resident, continuation, template, facts)

    def _queue(
        self,
        tx: Transaction,
        resident: Resident,
        continuation: Continuation,
        template: Template,
        facts: dict[str, str],
    ) -> None:
        if resident.email is None:
            return
        Outbox(tx, self._secret_keys, self._clock).mail(
            Mail(
                to=resident.email,
                language=resident.language,
                template=template,
                city_id=continuation.city_id or resident.city_id,
                facts=facts,
            )
        )
