"""The one mail that each registration causes: a link and a code, or to a resident the news of it.

Both ways do the same work, so that neither the page nor its time tells which it was.
"""

from datetime import datetime

from identity.clock import Clock
from identity.journeys.registration.store import Pending
from identity.mail.messages import Mail, Template
from identity.outbox.store import Outbox
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.residents.one_time_codes.store import OneTimeCodes
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.continuation import Continuation, Continuations
from identity.web.mail_links import MailLinks


class VerificationMail:
    """Queues the mail within the caller's transaction."""

    def __init__(
        self, secret_keys: SecretKeys, clock: Clock, continuations: Continuations, mail_links: MailLinks
    ) -> None:
        self._secret_keys = secret_keys
        self._clock = clock
        self._continuations = continuations
        self._mail_links = mail_links

    def queue(self, tx: Transaction, pending: Pending, now: datetime) -> None:
        """Mail a new link and code; if the address has an account, tell its owner instead."""
        continuation = self._continuations.read(pending.continuation)
        token = ActionLinks(tx).issue(
            Purpose.VERIFY_REGISTRATION,
            pending.id,
            pending.continuation,
            Purpose.VERIFY_REGISTRATION.lifetime,
            now,
        )
        code = OneTimeCodes(tx, self._secret_keys).issue(Purpose.VERIFY_REGISTRATION, pending.id, now)
        resident = Accounts(tx).by_email_key(pending.email_key)
        if resident is None:
            link = self._mail_links.to("/verify-registration", continuation, token=token)
            mail = Mail(
                to=pending.email,
                language=pending.language,
                template=Template.VERIFY_REGISTRATION,
                city_id=pending.city_id,
                facts={"link": link, "code": code},
            )
        else:
            # The token and the code are known to nobody: they die unseen.
            mail = self._to_resident(resident, continuation)
        Outbox(tx, self._secret_keys, self._clock).mail(mail)

    def _to_resident(self, resident: Resident, continuation: Continuation) -> Mail:
        sign_in_link = self._mail_links.to("/sign-in", continuation)
        if resident.sign_in_method == SignInMethod.PASSWORD:
            template = Template.ALREADY_REGISTERED
            facts = {
                "sign_in_link": sign_in_link,
                "reset_link": self._mail_links.to("/forgot-password", continuation),
            }
        else:
            template = Template.USE_YOUR_PROVIDER
            facts = {"provider": resident.sign_in_method, "sign_in_link": sign_in_link}
        return Mail(
            to=resident.email or "",
            language=resident.language,
            template=template,
            city_id=continuation.city_id or resident.city_id,
            facts=facts,
        )
