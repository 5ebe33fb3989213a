"""Reads links from this service's database, then accounts from any `BillingRecords`."""

from billing_link.billing_records.port import BillingRecords
from billing_link.linking.account_reads.reads import Found, ResidentAccounts, Search
from billing_link.linking.attempts import MOST_AT_CUSTOMER_ID, MOST_BY_RESIDENT
from billing_link.linking.links import LinkedAccount, Resident
from billing_link.linking.store import Links
from billing_link.storage import Storage


class SeparateReads:
    """Implements `AccountReads` for records of any kind."""

    def __init__(self, storage: Storage, records: BillingRecords) -> None:
        self._storage = storage
        self._records = records

    def find_account(self, search: Search) -> Found:
        """Return the account; the records are not asked above a limit."""
        with self._storage.autocommit() as connection:
            state = Links(connection).read_lookup_state(
                search.resident, search.pair, search.keys, search.since
            )
        by_resident, at_customer = state.resident_failures, state.customer_failures
        is_within = (by_resident is None or by_resident.failures < MOST_BY_RESIDENT) and (
            at_customer is None or at_customer.failures < MOST_AT_CUSTOMER_ID
        )
        account = None
        if state.own_link or is_within:
            closed_after = None if state.own_link else search.closed_after
            city_id = search.resident.city_id
            account = self._records.find_account(city_id, search.pair, closed_after=closed_after)
        return Found(by_resident, at_customer, state.own_link, account)

    def list_linked(self, resident: Resident) -> ResidentAccounts:
        """Return the accounts that the resident has linked."""
        with self._storage.autocommit() as connection:
            linked = Links(connection).read_resident_links(resident)
        accounts = self._records.find_accounts(resident.city_id, [link.pair for link in linked.links])
        held = [LinkedAccount(link, accounts[link.pair]) for link in linked.links if link.pair in accounts]
        return ResidentAccounts(linked.auto_link_outcome, held)

    def find_linked(self, resident: Resident, link_id: str) -> LinkedAccount | None:
        """Return the account of one of the resident's links."""
        with self._storage.autocommit() as connection:
            link = Links(connection).find_link(resident, link_id)
        account = self._records.find_account(resident.city_id, link.pair, closed_after=None) if link else None
        return LinkedAccount(link, account) if link and account else None
