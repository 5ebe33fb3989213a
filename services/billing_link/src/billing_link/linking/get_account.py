"""Reads one linked account. A closed account stays readable for those who have linked it."""

from billing_link.billing_records.port import BillingRecords
from billing_link.errors import Refusal, Refused
from billing_link.linking.cities import City
from billing_link.linking.links import LinkedAccount, Resident
from billing_link.linking.store import Links
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller


class GetAccount:
    """Reads the account behind one of the resident's links."""

    def __init__(self, storage: Storage, records: BillingRecords) -> None:
        self._storage = storage
        self._records = records

    def __call__(self, caller: Caller, city: City, link_id: str) -> LinkedAccount | Refused:
        """Return the account. Refuses with LINK_NOT_FOUND, for somebody else's link too."""
        with self._storage.autocommit() as connection:
            link = Links(connection).find_link(Resident(city.id, caller.issuer, caller.subject), link_id)
        account = self._records.find_account(city.id, link.pair, closed_after=None) if link else None
        return LinkedAccount(link, account) if link and account else Refused(Refusal.LINK_NOT_FOUND)
