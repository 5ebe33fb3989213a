"""The mail to a resident whose refresh token was presented twice (RFC 9700 §4.14)."""

from identity.clock import Clock
from identity.mail.messages import Mail, Template
from identity.oidc.grants.store import GrantView
from identity.outbox.store import Outbox
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import SecretKeys
from identity.storage import Transaction
from identity.web.continuation import Continuation
from identity.web.mail_links import MailLinks


class ReplayMail:
    """Queues the mail within the transaction that ends the grant."""

    def __init__(
        self, secret_keys: SecretKeys, clock: Clock, relying_parties: RelyingPartyCache, mail_links: MailLinks
    ) -> None:
        self._secret_keys, self._clock = secret_keys, clock
        self._relying_parties, self._mail_links = relying_parties, mail_links

    def client_of(self, facts: GrantView) -> RegisteredClient | None:
        """Return whose tokens they are; read before the transaction begins."""
        return self._relying_parties.client(facts.client_id)

    def queue(self, tx: Transaction, facts: GrantView, client: RegisteredClient | None) -> None:
        """Tell the resident, if they have an address."""
        if facts.email is None or client is None:
            return
        continuation = Continuation(client_id=client.id, city_id=client.city_id)
        mail = Mail(
            to=facts.email,
            language=facts.language,
            template=Template.SESSIONS_ENDED_FOR_SAFETY,
            city_id=client.city_id,
            facts={
                "service": client.name,
                "reset_link": self._mail_links.to("/forgot-password", continuation),
            },
        )
        Outbox(tx, self._secret_keys, self._clock).mail(mail)
