"""ListLinkedAccounts: lists a resident's linked accounts; the first call also tries the auto-link."""

from dataclasses import dataclass

from billing_link.linking.account_reads.reads import AccountReads
from billing_link.linking.auto_link import AutoLink
from billing_link.linking.cities import City
from billing_link.linking.links import AutoLinkOutcome, LinkedAccount, Resident
from billing_link.tokens.caller import Caller


@dataclass(frozen=True, slots=True)
class ListedAccounts:
    """The accounts, oldest link first, and the outcome of the auto-link."""

    accounts: list[LinkedAccount]
    auto_link_outcome: AutoLinkOutcome


class ListLinkedAccounts:
    """Lists the accounts that a resident has linked in one city."""

    def __init__(self, reads: AccountReads, auto_link: AutoLink) -> None:
        self._reads = reads
        self._auto_link = auto_link

    def __call__(self, caller: Caller, city: City) -> ListedAccounts:
        """Return the accounts; an account that the records no longer hold is left out."""
        resident = Resident.of(caller, city.id)
        listed = self._reads.list_linked(resident)
        if listed.auto_link_outcome is not None:
            return ListedAccounts(listed.accounts, listed.auto_link_outcome)
        decision = self._auto_link(caller, city)
        accounts = listed.accounts
        if decision.outcome is AutoLinkOutcome.LINKED:
            accounts = self._with(decision.linked, accounts, resident)
        return ListedAccounts(accounts, decision.outcome)

    def _with(
        self, linked: LinkedAccount | None, accounts: list[LinkedAccount], resident: Resident
    ) -> list[LinkedAccount]:
        """Return the accounts with the one that was just linked, by this call or by one beside it."""
        if linked is None:
            return self._reads.list_linked(resident).accounts
        return accounts if linked in accounts else [*accounts, linked]
