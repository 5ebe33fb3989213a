"""A billing_link on loopback with accounts in a dictionary; refuses when told to."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1.billing_link_pb2_grpc import (
    BillingLinkServiceServicer,
    add_BillingLinkServiceServicer_to_server,
)
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


class FakeBillingLink(BillingLinkServiceServicer):  # type: ignore[misc] - generated without types
    """A billing_link with accounts in a dictionary; refuses when told to."""

    def __init__(self) -> None:
        self.target = ""
        self.reset()

    def reset(self) -> None:
        """Behave again."""
        self.links: dict[str, pb.LinkedAccount] = {}
        self.accounts = {("00-1234567", "12345"): account()}
        self.outcome = pb.AUTO_LINK_OUTCOME_NONE
        self.refusal: tuple[Any, str, dict[str, str]] | None = None
        self.refused_tokens: set[str] = set()
        self.delay = 0.0
        self.seen: list[tuple[str, Any, str]] = []

    def ResolveAccount(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the contract's name
        self._note("ResolveAccount", request, context)
        pair = (request.account_number, request.customer_id)
        if pair not in self.accounts:
            refuse(context, grpc.StatusCode.NOT_FOUND, "REFUSAL_ACCOUNT_NOT_FOUND", {})
        found = self.accounts[pair]
        if not request.remember:
            return pb.ResolveAccountResponse(account=found)
        link = pb.Link(link_id="link-1", origin=pb.LINK_ORIGIN_RESIDENT)
        link.linked_at.FromSeconds(1_750_000_000)
        self.links["link-1"] = pb.LinkedAccount(link=link, account=found)
        return pb.ResolveAccountResponse(account=found, link=link)

    def ListLinkedAccounts(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the contract's name
        self._note("ListLinkedAccounts", request, context)
        return pb.ListLinkedAccountsResponse(
            accounts=list(self.links.values()), auto_link_outcome=self.outcome
        )

    def GetAccount(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the contract's name
        self._note("GetAccount", request, context)
        if request.link_id not in self.links:
            refuse(context, grpc.StatusCode.NOT_FOUND, "REFUSAL_LINK_NOT_FOUND", {})
        return pb.GetAccountResponse(account=self.links[request.link_id])

    def UnlinkAccount(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the contract's name
        self._note("UnlinkAccount", request, context)
        self.links.pop(request.link_id, None)
        return pb.UnlinkAccountResponse()

    def link(self, *, undo_until: datetime | None = None, **changes: object) -> None:
        """Link an account, as an auto-link if it can be undone."""
        link = pb.Link(
            link_id="link-1", origin=pb.LINK_ORIGIN_AUTO if undo_until else pb.LINK_ORIGIN_RESIDENT
        )
        link.linked_at.FromSeconds(1_750_000_000)
        if undo_until:
            link.undo_until.FromDatetime(undo_until)
        self.links["link-1"] = pb.LinkedAccount(link=link, account=account(**changes))

    def _note(self, method: str, request: object, context: grpc.ServicerContext) -> None:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        token = metadata["authorization"].removeprefix("Bearer ")
        self.seen.append((method, request, token))
        time.sleep(self.delay)
        if token in self.refused_tokens:
            refuse(context, grpc.StatusCode.UNAUTHENTICATED, "REFUSAL_TOKEN_EXPIRED", {})
        if self.refusal:
            refuse(context, *self.refusal)


def account(**changes: Any) -> pb.UtilityAccount:
    """Return an account with some fields changed; None clears one."""
    made = pb.UtilityAccount(
        account_number="00-1234567",
        customer_id="12345",
        customer_name="Ana Rivera",
        service_address="7040 78th Ave N",
        status=pb.ACCOUNT_STATUS_ACTIVE,
        services=["water", "reclaimed_water"],
        balance_cents=8_217,
        currency_code="USD",
        due_on="2026-12-01",
        last_payment=pb.Payment(paid_on="2026-11-02", amount_cents=7_950),
        recent_bills=[
            pb.Bill(bill_number="B-14", billed_on="2026-11-09", due_on="2026-12-01", amount_cents=4_100)
        ],
    )
    for name, value in changes.items():
        if value is None:
            made.ClearField(name)
        else:
            setattr(made, name, value)
    return made


def refuse(context: grpc.ServicerContext, code: Any, reason: str, metadata: dict[str, str]) -> None:
    """Answer with a refusal of the contract."""
    detail = AnyMessage()
    detail.Pack(
        error_details_pb2.ErrorInfo(reason=reason, domain="billing_link.community_access", metadata=metadata)
    )
    status = status_pb2.Status(code=code.value[0], message="refused", details=[detail] if reason else [])
    context.abort_with_status(rpc_status.to_status(status))


@contextmanager
def listening(
    host: str = "127.0.0.1", port: int = 0, options: Sequence[tuple[str, int]] = ()
) -> Iterator[FakeBillingLink]:
    """Return a billing_link that listens on loopback, with these options of gRPC; port 0: a free one."""
    fake = FakeBillingLink()
    pool = ThreadPoolExecutor(4)
    server = grpc.server(pool, options=options)
    add_BillingLinkServiceServicer_to_server(fake, server)
    fake.target = f"{host}:{server.add_insecure_port(f'{host}:{port}')}"
    server.start()
    yield fake
    server.stop(0).wait()
    pool.shutdown()
