"""ListLinkedAccounts: lists a resident's linked accounts; the first call also tries the auto-link."""

from dataclasses import dataclass

from billing_link.billing_records.port import BillingRecords
from billing_link.linking.auto_link import AutoLink
from billing_link.linking.cities import City
from billing_link.linking.links import AutoLinkOutcome, LinkedAccount, Resident
from billing_link.linking.store import Links
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller


@dataclass(frozen=True, slots=True)
class ListedAccounts:
    """The accounts, oldest link first, and the outcome of the auto-link."""

    accounts: list[LinkedAccount]
    auto_link_outcome: AutoLinkOutcome


class ListLinkedAccounts:
    """Lists the accounts that a resident has linked in one city."""

    def __init__(self, storage: Storage, records: BillingRecords, auto_link: AutoLink) -> None:
        self._storage = storage
        self._records = records
        self._auto_link = auto_link

    def __call__(self, caller: Caller, city: City) -> ListedAccounts:
        """Return the accounts; an account that the records no longer hold is left out."""
        resident = Resident.of(caller, city.id)
        with self._storage.autocommit() as connection:
            linked = Links(connection).read_resident_links(resident)
        outcome = linked.auto_link_outcome
        if outcome is None:
            outcome = self._auto_link(caller, city)
            if outcome is AutoLinkOutcome.LINKED:
                with self._storage.autocommit() as connection:
                    linked = Links(connection).read_resident_links(resident)
        accounts = self._records.find_accounts(city.id, [link.pair for link in linked.links])
        return ListedAccounts(
            [LinkedAccount(link, accounts[link.pair]) for link in linked.links if link.pair in accounts],
            outcome,
        )
