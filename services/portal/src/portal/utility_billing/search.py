"""Searching an account by its two numbers (guide, step 10)."""

from dataclasses import dataclass

from portal.billing_link_client.client import Found, UtilityAccount
from portal.errors import Reason, Refused
from portal.web.resident_billing import ResidentBilling

# Longer than any number on a bill; billing_link refuses more (billing_link.proto).
LONGEST = 64


@dataclass(frozen=True)
class Typed:
    """The form as the resident filled it."""

    account_number: str = ""
    customer_id: str = ""
    remember: bool = False


@dataclass(frozen=True)
class SearchResult:
    """An account, or why there is none."""

    account: UtilityAccount | None = None
    # Where the account is remembered; empty otherwise.
    link_id: str = ""
    refusal: Reason | None = None
    # The field at fault, where one is: `account_number` or `customer_id`.
    field: str = ""
    # In seconds, 0 where unknown.
    retry_after: int = 0


class Search:
    """Asks billing_link for the account with the numbers as typed; it knows how the city writes them."""

    def __init__(self, billing: ResidentBilling) -> None:
        self._billing = billing

    def find(self, session_id: str, typed: Typed) -> SearchResult:
        """Return what was found, remembered if the resident said so. Raises `Refused` (GRANT_ENDED)."""
        try:
            found = self._billing.resolve(
                session_id, typed.account_number, typed.customer_id, remember=typed.remember
            )
        except Refused as refused:
            if refused.reason is Reason.GRANT_ENDED:
                raise
            return SearchResult(refusal=refused.reason, field=refused.field, retry_after=refused.retry_after)
        return _found(found)


def _found(found: Found) -> SearchResult:
    return SearchResult(found.account, found.link.id if found.link else "")
