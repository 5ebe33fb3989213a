"""What is left of a deleted resident's registration."""

from collections.abc import Sequence

from identity.account_events import AccountEvent, AccountPurged
from identity.journeys.registration.store import PendingRegistrations
from identity.storage import Executor


class ForgetRegistrations:
    """Subscribes to deletions: deletes names, address and password hash that the registration left here."""

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Delete the registrations of the addresses of residents whose account is being deleted."""
        for event in account_events:
            if isinstance(event, AccountPurged) and event.email_key:
                PendingRegistrations(executor).delete_registrations(event.email_key)
