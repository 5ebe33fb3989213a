"""From the contract's messages to the portal's values. Each raises `ValueError` for a date that is none."""

from datetime import UTC, date
from typing import TypedDict

from community_access.billing_link.v1 import billing_link_pb2 as pb

from portal.billing_link_client.accounts import (
    AccountSummary,
    AutoLink,
    Bill,
    Found,
    Link,
    LinkedAccount,
    LinkedAccounts,
    LinkedSummary,
    Payment,
    UtilityAccount,
)

AUTO_LINKS = {
    pb.AUTO_LINK_OUTCOME_LINKED: AutoLink.LINKED,
    pb.AUTO_LINK_OUTCOME_AMBIGUOUS: AutoLink.AMBIGUOUS,
}


def found(response: pb.ResolveAccountResponse) -> Found:
    """Read the answer of ResolveAccount."""
    return Found(_account(response.account), _link(response.link) if response.HasField("link") else None)


def linked_accounts(response: pb.ListLinkedAccountsResponse) -> LinkedAccounts:
    """Read the answer of ListLinkedAccounts."""
    return LinkedAccounts(
        [LinkedSummary(_link(each.link), _summary(each.account)) for each in response.accounts],
        AUTO_LINKS.get(response.auto_link_outcome, AutoLink.NONE),
    )


def linked_account(linked: pb.LinkedAccount) -> LinkedAccount:
    """Read one account with its link."""
    return LinkedAccount(_link(linked.link), _account(linked.account))


def _link(link: pb.Link) -> Link:
    return Link(
        id=link.link_id,
        linked_at=link.linked_at.ToDatetime(UTC),
        automatic=link.origin == pb.LINK_ORIGIN_AUTO,
        undo_until=link.undo_until.ToDatetime(UTC) if link.HasField("undo_until") else None,
    )


def _summary(account: pb.UtilityAccount) -> AccountSummary:
    # A list has bills too, which it does not show: reading them costs more than all the rest.
    return AccountSummary(**_shown_in_lists(account))


def _account(account: pb.UtilityAccount) -> UtilityAccount:
    payment = account.last_payment
    return UtilityAccount(
        **_shown_in_lists(account),
        customer_id=account.customer_id,
        customer_name=account.customer_name,
        services=list(account.services),
        last_payment=Payment(_day(payment.paid_on), payment.amount_cents)
        if account.HasField("last_payment")
        else None,
        recent_bills=[
            Bill(bill.bill_number, _day(bill.billed_on), _day(bill.due_on), bill.amount_cents)
            for bill in account.recent_bills
        ],
    )


class _ShownInLists(TypedDict):
    account_number: str
    service_address: str
    closed: bool
    closed_on: date | None
    balance_cents: int
    currency: str
    due_on: date | None


def _shown_in_lists(account: pb.UtilityAccount) -> _ShownInLists:
    return {
        "account_number": account.account_number,
        "service_address": account.service_address,
        "closed": account.status == pb.ACCOUNT_STATUS_CLOSED,
        "closed_on": _day(account.closed_on) if account.HasField("closed_on") else None,
        "balance_cents": account.balance_cents,
        "currency": account.currency_code or "USD",
        "due_on": _day(account.due_on) if account.HasField("due_on") else None,
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)
