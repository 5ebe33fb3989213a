"""What is left of a deleted resident's first sign-in."""

from collections.abc import Sequence

from identity.account_events import AccountEvent, AccountPurged
from identity.journeys.federation.pending_store import FirstSignIns
from identity.residents.federated_identities.store import FederatedIdentities
from identity.storage import Executor


class ForgetFirstSignIns:
    """Subscribes to deletions: deletes the names and addresses that the first sign-in left here."""

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Delete the first sign-ins of residents whose account is being deleted."""
        for event in account_events:
            if isinstance(event, AccountPurged):
                known = FederatedIdentities(executor).of_resident(event.resident_id)
                if known:
                    FirstSignIns(executor).delete_of_account(known.issuer, known.subject)
