"""Removes one of a resident's links."""

from billing_link.audit.store import Audit, Event
from billing_link.clock import Clock
from billing_link.linking.cities import City
from billing_link.linking.links import Resident, account_ending
from billing_link.linking.store import Links
from billing_link.notifications.store import NotificationKind, Notifications
from billing_link.storage import Storage, hold
from billing_link.tokens.caller import Caller


class UnlinkAccount:
    """Removes a link; an auto-link that is removed, whenever that is, is not made again by itself."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def __call__(self, caller: Caller, city: City, link_id: str) -> None:
        """Remove the link; one that is not there, or is not this resident's, changes and tells nothing."""
        now = self._clock.now()
        resident = Resident(city.id, caller.issuer, caller.subject)
        with self._storage.transaction() as connection:
            hold(connection, "resident", resident.city_id, resident.issuer, resident.subject)
            links = Links(connection)
            link = links.remove_link(resident, link_id)
            if link is None:
                return
            undone = links.record_auto_link_undone(resident, link)
            Audit(connection).record(
                Event.LINK_REMOVED,
                now,
                city_id=city.id,
                subject=caller.subject,
                client_id=caller.client_id,
                session_id=caller.session_id,
                link_id=link_id,
                undone_auto_link="yes" if undone else "no",
            )
            facts = {"account_ending": account_ending(link.pair)}
            Notifications(connection).queue(
                NotificationKind.UNLINKED, city_id=city.id, subject=caller.subject, details=facts, now=now
            )
