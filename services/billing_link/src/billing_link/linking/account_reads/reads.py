"""What the calls read of links and accounts, whichever system keeps the accounts."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_link.billing_records.port import Pair, UtilityAccount
from billing_link.linking.attempts import WINDOW, AttemptKeys, FailureCount
from billing_link.linking.links import AutoLinkOutcome, Link, LinkedAccount, Resident


@dataclass(frozen=True, slots=True)
class Search:
    """A search for one account by its pair."""

    resident: Resident
    pair: Pair
    keys: AttemptKeys
    now: datetime
    # An account that the resident has not linked must not have closed by then.
    closed_after: date

    @property
    def since(self) -> datetime:
        """Failures count in windows that began after it."""
        return self.now - WINDOW


@dataclass(frozen=True, slots=True)
class Found:
    """The state before a search: failures in the window, None for none, and the resident's own link.

    And the account, if there is one: within the limits on guessing, or linked by the resident. Otherwise it
    is not read, so that above a limit right and wrong pairs take the same work.
    """

    resident_failures: FailureCount | None
    # At the customer ID: of residents who, like this one, have or have not failed in the window.
    customer_failures: FailureCount | None
    own_link: Link | None
    account: UtilityAccount | None


@dataclass(frozen=True, slots=True)
class ResidentAccounts:
    """A resident's linked accounts, oldest link first, without those that the records no longer hold."""

    # None before the auto-link was tried.
    auto_link_outcome: AutoLinkOutcome | None
    accounts: list[LinkedAccount]


class AccountReads(Protocol):
    """Reads links with their accounts. Every method raises `UnavailableError`."""

    def find_account(self, search: Search) -> Found:
        """Return the account of a pair, and what decides whether the resident may see it."""
        ...

    def list_linked(self, resident: Resident) -> ResidentAccounts:
        """Return the accounts that the resident has linked."""
        ...

    def find_linked(self, resident: Resident, link_id: str) -> LinkedAccount | None:
        """Return the account of one of the resident's links; None without such a link or its account."""
        ...
