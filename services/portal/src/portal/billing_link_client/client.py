"""The four calls of the contract, each with a deadline. None that billing_link may have seen is repeated."""

import threading
from collections.abc import Callable
from typing import TypeVar

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1.billing_link_pb2_grpc import BillingLinkServiceStub

from portal.billing_link_client import messages
from portal.billing_link_client.accounts import Found, LinkedAccount, LinkedAccounts, Unlinked
from portal.billing_link_client.connection import CHANNEL_OPTIONS
from portal.billing_link_client.refusals import Refusal, RefusalReason, refusal_of
from portal.circuit_breaker import CircuitBreaker, NotAdmittedError

Request = TypeVar("Request")
Response = TypeVar("Response")
Answer = TypeVar("Answer")

DEADLINE_SECONDS = 3.0
# Of the 24 threads of a process (`portal.cli.serve`), so many may wait for billing_link.
CALLS_AT_ONCE = 6


class BillingLinkClient:
    """Calls billing_link with a resident's access token, `token`."""

    def __init__(self, target: str, tls_authorities: bytes | None = None) -> None:
        """`tls_authorities` are PEM certificates (empty: gRPC's own list); None for plain text."""
        self._target, self._tls_authorities = target, tls_authorities
        self._breaker = CircuitBreaker(CALLS_AT_ONCE)
        self._lock = threading.Lock()
        self._connection: tuple[grpc.Channel, BillingLinkServiceStub] | None = None

    def resolve_account(
        self, token: str, account_number: str, customer_id: str, *, remember: bool
    ) -> Found | Refusal:
        """Find the account with both numbers, as typed; link it to the resident if `remember`."""
        request = pb.ResolveAccountRequest(
            account_number=account_number, customer_id=customer_id, remember=remember
        )
        return self._call(lambda stub: stub.ResolveAccount, request, token, messages.found)

    def list_linked_accounts(self, token: str) -> LinkedAccounts | Refusal:
        """List the resident's accounts."""
        request = pb.ListLinkedAccountsRequest()
        return self._call(lambda stub: stub.ListLinkedAccounts, request, token, messages.linked_accounts)

    def get_account(self, token: str, link_id: str) -> LinkedAccount | Refusal:
        """Read one linked account."""
        request = pb.GetAccountRequest(link_id=link_id)
        return self._call(
            lambda stub: stub.GetAccount,
            request,
            token,
            lambda response: messages.linked_account(response.account),
        )

    def unlink_account(self, token: str, link_id: str) -> Unlinked | Refusal:
        """Remove one link; idempotent."""
        request = pb.UnlinkAccountRequest(link_id=link_id)
        return self._call(lambda stub: stub.UnlinkAccount, request, token, lambda _response: Unlinked())

    def expire(self) -> None:
        """Forget that calls failed, as before the first call."""
        self._breaker.expire()

    def close(self) -> None:
        """Close the channel; the next call opens another."""
        with self._lock:
            if self._connection:
                self._connection[0].close()
            self._connection = None

    def _call(
        self,
        method: "Callable[[BillingLinkServiceStub], grpc.UnaryUnaryMultiCallable[Request, Response]]",
        request: Request,
        token: str,
        read: Callable[[Response], Answer],
    ) -> Answer | Refusal:
        try:
            with self._breaker.call() as call:
                response = self._send(method, request, token)
                call.answered = not (isinstance(response, Refusal) and response.is_silence)
        except NotAdmittedError as refused:
            return Refusal(reason=RefusalReason.UNAVAILABLE, detail=str(refused), is_silence=True)
        if isinstance(response, Refusal):
            return response
        try:
            return read(response)
        except ValueError:
            return Refusal(reason=RefusalReason.UNAVAILABLE, detail="a response that cannot be read")

    def _send(
        self,
        method: "Callable[[BillingLinkServiceStub], grpc.UnaryUnaryMultiCallable[Request, Response]]",
        request: Request,
        token: str,
    ) -> Response | Refusal:
        try:
            return method(self._stub())(
                request, timeout=DEADLINE_SECONDS, metadata=(("authorization", f"Bearer {token}"),)
            )
        except grpc.RpcError as error:
            return refusal_of(error)

    def _stub(self) -> BillingLinkServiceStub:
        # Opened by the first call, after the server has forked: a gRPC channel does not survive a fork.
        with self._lock:
            if self._connection is None:
                channel = self._open_channel()
                self._connection = (channel, BillingLinkServiceStub(channel))
            return self._connection[1]

    def _open_channel(self) -> grpc.Channel:
        if self._tls_authorities is None:
            return grpc.insecure_channel(self._target, CHANNEL_OPTIONS)
        credentials = grpc.ssl_channel_credentials(self._tls_authorities or None)
        return grpc.secure_channel(self._target, credentials, CHANNEL_OPTIONS)
