"""GetAccount: reads one linked account. A closed account stays readable for a resident who has linked it."""

from billing_link.errors import Refusal, Refused
from billing_link.linking.account_reads.reads import AccountReads
from billing_link.linking.cities import City
from billing_link.linking.links import LinkedAccount, Resident
from billing_link.tokens.caller import Caller


class GetAccount:
    """Reads the account of one of the resident's links."""

    def __init__(self, reads: AccountReads) -> None:
        self._reads = reads

    def __call__(self, caller: Caller, city: City, link_id: str) -> LinkedAccount | Refused:
        """Return the account; refuses with LINK_NOT_FOUND, also for another resident's link."""
        found = self._reads.find_linked(Resident.of(caller, city.id), link_id)
        return found or Refused(Refusal.LINK_NOT_FOUND)
