"""The portal's side of billing_link: the only code that sees gRPC. Answers in plain values or `Refused`."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1.billing_link_pb2_grpc import BillingLinkServiceStub
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from portal.errors import Reason, Refused

T = TypeVar("T")

DEADLINE_SECONDS = 3.0
ERROR_DOMAIN = "billing_link.community_access"
REASONS = {
    "REFUSAL_TOKEN_INVALID": Reason.ACCESS_TOKEN_REFUSED,
    "REFUSAL_TOKEN_EXPIRED": Reason.ACCESS_TOKEN_REFUSED,
    "REFUSAL_FIELD_INVALID": Reason.FIELD_INVALID,
    "REFUSAL_ACCOUNT_NOT_FOUND": Reason.ACCOUNT_NOT_FOUND,
    "REFUSAL_LINK_NOT_FOUND": Reason.LINK_NOT_FOUND,
    "REFUSAL_TOO_MANY_ATTEMPTS": Reason.TOO_MANY_ATTEMPTS,
    "REFUSAL_ALREADY_LINKED": Reason.ALREADY_LINKED,
    "REFUSAL_LINKING_DISABLED": Reason.LINKING_DISABLED,
}


class AutoLink(Enum):
    """What became of the search for an earlier registration."""

    NONE = auto()
    LINKED = auto()
    AMBIGUOUS = auto()


@dataclass(frozen=True)
class Bill:
    """One bill, as printed."""

    number: str
    billed_on: date
    due_on: date
    amount_cents: int


@dataclass(frozen=True)
class Payment:
    """One payment."""

    paid_on: date
    amount_cents: int


@dataclass(frozen=True)
class UtilityAccount:
    """One (customer ID, account number) pair, as the city's ledger has it. A negative balance is a credit."""

    account_number: str
    customer_id: str
    customer_name: str
    service_address: str
    closed: bool
    closed_on: date | None
    services: Sequence[str]
    balance_cents: int
    currency: str
    due_on: date | None
    last_payment: Payment | None
    recent_bills: Sequence[Bill]


@dataclass(frozen=True)
class Link:
    """A resident's remembered account. `undo_until` only where an auto-link can be undone with one click."""

    id: str
    linked_at: datetime
    automatic: bool
    undo_until: datetime | None


@dataclass(frozen=True)
class LinkedAccount:
    """A link with its account."""

    link: Link
    account: UtilityAccount


@dataclass(frozen=True)
class Found:
    """The account two numbers lead to; `link` where it is remembered."""

    account: UtilityAccount
    link: Link | None


@dataclass(frozen=True)
class LinkedAccounts:
    """All links of a resident in the city, oldest first."""

    accounts: Sequence[LinkedAccount]
    auto_link: AutoLink


class BillingLinkClient:
    """Calls billing_link with a resident's access token. Every call has a deadline; none is retried here."""

    def __init__(self, target: str, tls_ca: str = "") -> None:
        self._target, self._tls_ca = target, tls_ca
        self._lock = threading.Lock()
        self._opened: tuple[grpc.Channel, BillingLinkServiceStub] | None = None

    def resolve(self, token: str, account_number: str, customer_id: str, *, remember: bool) -> Found:
        """Find the account with these numbers, and remember it if asked to."""
        request = pb.ResolveAccountRequest(
            account_number=account_number, customer_id=customer_id, remember=remember
        )
        response = self._call(lambda stub: stub.ResolveAccount, request, token)
        return _read(
            lambda: Found(
                _account(response.account), _link(response.link) if response.HasField("link") else None
            )
        )

    def linked(self, token: str) -> LinkedAccounts:
        """List the resident's accounts."""
        response = self._call(lambda stub: stub.ListLinkedAccounts, pb.ListLinkedAccountsRequest(), token)
        outcomes = {
            pb.AUTO_LINK_OUTCOME_LINKED: AutoLink.LINKED,
            pb.AUTO_LINK_OUTCOME_AMBIGUOUS: AutoLink.AMBIGUOUS,
        }
        return _read(
            lambda: LinkedAccounts(
                [_linked(each) for each in response.accounts],
                outcomes.get(response.auto_link_outcome, AutoLink.NONE),
            )
        )

    def account(self, token: str, link_id: str) -> LinkedAccount:
        """Read one linked account."""
        response = self._call(lambda stub: stub.GetAccount, pb.GetAccountRequest(link_id=link_id), token)
        return _read(lambda: _linked(response.account))

    def unlink(self, token: str, link_id: str) -> None:
        """Forget one link; forgetting it twice is once."""
        self._call(lambda stub: stub.UnlinkAccount, pb.UnlinkAccountRequest(link_id=link_id), token)

    def close(self) -> None:
        """Close the channel; the next call opens another."""
        with self._lock:
            if self._opened:
                self._opened[0].close()
            self._opened = None

    def _stub(self) -> BillingLinkServiceStub:
        # Opened by the first call, and so after the server made its workers: gRPC does not survive a fork.
        with self._lock:
            if self._opened is None:
                channel = self._channel()
                self._opened = (channel, BillingLinkServiceStub(channel))
            return self._opened[1]

    def _channel(self) -> grpc.Channel:
        options = [("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 2000)]
        if not self._tls_ca:
            return grpc.insecure_channel(self._target, options)
        authority = grpc.ssl_channel_credentials(Path(self._tls_ca).read_bytes())
        return grpc.secure_channel(self._target, authority, options)

    def _call(self, method: Callable[[BillingLinkServiceStub], Any], request: object, token: str) -> Any:  # noqa: ANN401 - generated types
        try:
            return method(self._stub())(
                request, timeout=DEADLINE_SECONDS, metadata=[("authorization", f"Bearer {token}")]
            )
        except grpc.RpcError as error:
            _refuse(error)


def _refuse(error: grpc.RpcError) -> NoReturn:
    """Raise what the answer means for a resident; a reason the contract lacks is "not just now"."""
    status: Any = rpc_status.from_call(error) if isinstance(error, grpc.Call) else None
    code = error.code().name if isinstance(error, grpc.Call) else "UNKNOWN"
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info) and info.domain == ERROR_DOMAIN and info.reason in REASONS:
            wait = info.metadata.get("retry_after", "")
            raise Refused(
                REASONS[info.reason],
                code,
                retry_after=int(wait) if wait.isdecimal() else 0,
                field=info.metadata.get("field", ""),
            ) from None
        code = f"{code} {info.reason}"
    raise Refused(Reason.BILLING_UNAVAILABLE, code) from None


def _read(build: Callable[[], T]) -> T:
    try:
        return build()
    except ValueError as error:
        raise Refused(Reason.BILLING_UNAVAILABLE, f"an answer that cannot be read: {error}") from None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _link(link: pb.Link) -> Link:
    return Link(
        id=link.link_id,
        linked_at=link.linked_at.ToDatetime(UTC),
        automatic=link.origin == pb.LINK_ORIGIN_AUTO,
        undo_until=link.undo_until.ToDatetime(UTC) if link.HasField("undo_until") else None,
    )


def _linked(linked: pb.LinkedAccount) -> LinkedAccount:
    return LinkedAccount(_link(linked.link), _account(linked.account))


def _account(account: pb.UtilityAccount) -> UtilityAccount:
    payment = account.last_payment
    return UtilityAccount(
        account_number=account.account_number,
        customer_id=account.customer_id,
        customer_name=account.customer_name,
        service_address=account.service_address,
        closed=account.status == pb.ACCOUNT_STATUS_CLOSED,
        closed_on=_day(account.closed_on) if account.HasField("closed_on") else None,
        services=list(account.services),
        balance_cents=account.balance_cents,
        currency=account.currency_code or "USD",
        due_on=_day(account.due_on) if account.HasField("due_on") else None,
        last_payment=Payment(_day(payment.paid_on), payment.amount_cents)
        if account.HasField("last_payment")
        else None,
        recent_bills=[
            Bill(bill.bill_number, _day(bill.billed_on), _day(bill.due_on), bill.amount_cents)
            for bill in account.recent_bills
        ],
    )
