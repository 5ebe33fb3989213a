"""The one mail that an address causes which no provider has proved: a link and a code, or news for its owner.

Both ways do the same work, so that neither the page nor its time tells which it was.
"""

from datetime import datetime

from identity.clock import Clock
from identity.journeys.federation.pending_store import Waiting
from identity.mail.messages import Mail, Template
from identity.outbox.store import Outbox
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.residents.one_time_codes.store import OneTimeCodes
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.continuation import Continuation, Continuations
from identity.web.mail_links import MailLinks

LINK_PATH = "/sign-in/verify-email"


class FederationMail:
    """Queues the mails within the caller's transaction."""

    def __init__(
        self, secret_keys: SecretKeys, clock: Clock, continuations: Continuations, mail_links: MailLinks
    ) -> None:
        self._secret_keys = secret_keys
        self._clock = clock
        self._continuations = continuations
        self._mail_links = mail_links

    def verification(self, tx: Transaction, waiting: Waiting, address: Address, now: datetime) -> None:
        """Mail a new link and code; if the address has an account, tell its owner instead."""
        continuation = self._continuations.read(waiting.continuation)
        purpose = Purpose.VERIFY_FEDERATION
        token = ActionLinks(tx).issue(
            purpose, waiting.id, self._mail_links.signed(continuation), purpose.lifetime, now
        )
        code = OneTimeCodes(tx, self._secret_keys).issue(purpose, waiting.id, now)
        resident = Accounts(tx).by_email_key(address.key)
        if resident is not None:
            # The token and the code are known to nobody: they die unseen.
            self._taken(tx, resident, continuation)
            return
        self._queue(
            tx,
            to=address.display,
            language=waiting.language,
            template=Template.VERIFY_FIRST_SIGN_IN,
            city_id=continuation.city_id,
            facts={
                "link": self._mail_links.to(LINK_PATH, continuation, token=token),
                "code": code,
                "provider": waiting.provider,
            },
        )

    def new_address(self, tx: Transaction, resident: Resident, address: Address, code: str) -> None:
        """Mail a code to the address that is to be the resident's; a taken one tells its owner instead."""
        continuation = Continuation(city_id=resident.city_id or "")
        owner = Accounts(tx).by_email_key(address.key)
        if owner is not None:
            # The code is known to nobody: it dies unseen.
            self._taken(tx, owner, continuation)
            return
        self._queue(
            tx,
            to=address.display,
            language=resident.language,
            template=Template.VERIFY_NEW_ADDRESS,
            city_id=continuation.city_id,
            facts={"code": code},
        )

    def address_changed(self, tx: Transaction, resident: Resident, before: str) -> None:
        """Tell the address before that it is not the resident's any more."""
        continuation = Continuation(city_id=resident.city_id or "")
        self._queue(
            tx,
            to=before,
            language=resident.language,
            template=Template.ADDRESS_CHANGED,
            city_id=continuation.city_id,
            facts={
                "new_address": resident.email or "",
                "provider": resident.sign_in_method,
                "sign_in_link": self._mail_links.to("/sign-in", continuation),
            },
        )

    def id_deleted(self, tx: Transaction, resident: Resident) -> None:
        """Tell a resident that their ID is gone, because they asked for it at their provider."""
        if resident.email:
            continuation = Continuation(city_id=resident.city_id or "")
            self._queue(
                tx,
                to=resident.email,
                language=resident.language,
                template=Template.ID_DELETED,
                city_id=continuation.city_id,
                facts={
                    "provider": resident.sign_in_method,
                    "sign_in_link": self._mail_links.to("/sign-in", continuation),
                },
            )

    def _taken(self, tx: Transaction, resident: Resident, continuation: Continuation) -> None:
        facts = {"sign_in_link": self._mail_links.to("/sign-in", continuation)}
        if resident.sign_in_method == SignInMethod.PASSWORD:
            template = Template.ALREADY_REGISTERED
            facts["reset_link"] = self._mail_links.to("/forgot-password", continuation)
        else:
            template = Template.USE_YOUR_PROVIDER
            facts["provider"] = resident.sign_in_method
        self._queue(
            tx,
            to=resident.email or "",
            language=resident.language,
            template=template,
            city_id=continuation.city_id or resident.city_id or "",
            facts=facts,
        )

    def _queue(
        self,
        tx: Transaction,
        *,
        to: str,
        language: str,
        template: Template,
        city_id: str,
        facts: dict[str, str],
    ) -> None:
        mail = Mail(to=to, language=language, template=template, city_id=city_id or None, facts=facts)
        Outbox(tx, self._secret_keys, self._clock).mail(mail)
