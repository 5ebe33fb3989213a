"""Lists a resident's linked accounts; the first time, after looking for an earlier registration."""

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
    """The accounts, oldest link first, and what became of the auto-link."""

    accounts: list[LinkedAccount]
    outcome: AutoLinkOutcome


class ListLinkedAccounts:
    """Lists what a resident has linked in a city."""

    def __init__(self, storage: Storage, records: BillingRecords, auto_link: AutoLink) -> None:
        self._storage = storage
        self._records = records
        self._auto_link = auto_link

    def __call__(self, caller: Caller, city: City) -> ListedAccounts:
        """Return the accounts; one that the records no longer have is left out."""
        resident = Resident(city.id, caller.issuer, caller.subject)
        with self._storage.autocommit() as connection:
            outcome, links = Links(connection).profile(resident)
        if outcome is None:
            outcome = self._auto_link(caller, city)
            if outcome is AutoLinkOutcome.LINKED:
                with self._storage.autocommit() as connection:
                    _, links = Links(connection).profile(resident)
        accounts = self._records.find_accounts(city.id, [link.pair for link in links])
        linked = [LinkedAccount(link, accounts[link.pair]) for link in links if link.pair in accounts]
        return ListedAccounts(linked, outcome)
