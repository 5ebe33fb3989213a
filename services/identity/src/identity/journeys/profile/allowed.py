"""The verbs of "Websites you allowed": list them, remove access."""

import re
from dataclasses import dataclass
from datetime import datetime

from identity.account_events import AccessRemoved, AccountEvents
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.consents.store import Consents
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class AllowedWebsite:
    """A website that is not the city's own, and the access that the resident allowed it."""

    client_id: str
    name: str
    scope: frozenset[str]
    # Names of the services that it may use for the resident.
    services: list[str]
    since: datetime


class AllowedWebsites:
    """Lists the access that a resident allowed, and removes it."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        account_events: AccountEvents,
    ) -> None:
        self._storage, self._clock = storage, clock
        self._relying_parties, self._account_events = relying_parties, account_events

    def list_websites(self, current: SignedIn) -> list[AllowedWebsite]:
        """Return the websites in the order of their names."""
        with self._storage.autocommit() as connection:
            consents = Consents(connection).list_consents(current.resident_id)
        return [
            AllowedWebsite(
                consent.client_id,
                consent.client_name,
                consent.scopes,
                [r.name for uri in sorted(consent.resources) if (r := self._relying_parties.resource(uri))],
                consent.given_at,
            )
            for consent in consents
        ]

    def remove_access(self, current: SignedIn, client_id: str, visitor: Visitor) -> bool:
        """Remove a website's access: its tokens end and it gets a logout. False if it had none."""
        # What cannot be an identifier never reaches the database, which might not be able to hold it.
        if not _CLIENT_ID.fullmatch(client_id):
            return False
        now = self._clock.now()
        with self._storage.transaction() as tx:
            removed = Consents(tx).remove_consent(current.resident_id, client_id)
            if removed:
                self._account_events.publish(tx, AccessRemoved(current.resident_id, client_id))
                Audit(tx).record(
                    Event.CONSENT_REMOVED,
                    now,
                    resident_id=current.resident_id,
                    client_id=client_id,
                    session_id=current.sid,
                    ip_address=visitor.ip_address,
                )
        return removed
