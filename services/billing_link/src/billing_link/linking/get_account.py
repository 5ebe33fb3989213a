"""GetAccount: reads one linked account. A closed account stays readable for a resident who has linked it."""

from billing_link.billing_records.port import BillingRecords
from billing_link.errors import Refusal, Refused
from billing_link.linking.cities import City
from billing_link.linking.links import LinkedAccount, Resident
from billing_link.linking.store import Links
from billing_link.storage import Storage
from billing_link.tokens.caller import Caller


class GetAccount:
    """Reads the account of one of the resident's links."""

    def __init__(self, storage: Storage, records: BillingRecords) -> None:
        self._storage = storage
        self._records = records

    def __call__(self, caller: Caller, city: City, link_id: str) -> LinkedAccount | Refused:
        """Return the account; refuses with LINK_NOT_FOUND, also for another resident's link."""
        with self._storage.autocommit() as connection:
            link = Links(connection).find_link(Resident.of(caller, city.id), link_id)
        account = self._records.find_account(city.id, link.pair, closed_after=None) if link else None
        return LinkedAccount(link, account) if link and account else Refused(Refusal.LINK_NOT_FOUND)
