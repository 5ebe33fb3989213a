"""The four calls: each parses, calls one verb, and renders."""

from dataclasses import dataclass

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1 import billing_link_pb2_grpc

from billing_link.errors import Refusal, Refused, RefusedError
from billing_link.linking.city_cache import Directory, ServedCity
from billing_link.linking.get_account import ReadLinkedAccount
from billing_link.linking.list_linked_accounts import ListLinkedAccounts
from billing_link.linking.resolve_account import ResolveAccount
from billing_link.linking.unlink_account import UnlinkAccount
from billing_link.rpc import messages
from billing_link.rpc.authentication import caller_with
from billing_link.tokens.caller import Caller

_READ, _LINK = "billing.read", "billing.link"


@dataclass(frozen=True, slots=True)
class Verbs:
    """What the calls call."""

    resolve: ResolveAccount
    list_linked: ListLinkedAccounts
    unlink: UnlinkAccount
    read_linked: ReadLinkedAccount


class Servicer(billing_link_pb2_grpc.BillingLinkServiceServicer):
    """Answers the contract's calls, behind `gate.Gate`, which turns what is raised here into a status."""

    def __init__(self, verbs: Verbs, directory: Directory) -> None:
        self._verbs = verbs
        self._directory = directory

    def ResolveAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.ResolveAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.ResolveAccountResponse:
        """Find an account."""
        caller = caller_with(_READ)
        if request.remember:
            caller_with(_LINK)
        served = self._city(caller)
        outcome = self._verbs.resolve(caller, served, messages.typed(request))
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.reason, **outcome.details)
        account = messages.account_message(outcome.account, served.city.currency_code)
        link = messages.link_message(outcome.link) if outcome.link else None
        return pb.ResolveAccountResponse(account=account, link=link)

    def ListLinkedAccounts(  # noqa: N802 - the contract's name
        self,
        request: pb.ListLinkedAccountsRequest,  # noqa: ARG002 - the token says it all
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.ListLinkedAccountsResponse:
        """List the linked accounts."""
        caller = caller_with(_READ)
        city = self._city(caller).city
        listed = self._verbs.list_linked(caller, city)
        return pb.ListLinkedAccountsResponse(
            accounts=[messages.linked_message(linked, city.currency_code) for linked in listed.accounts],
            auto_link_outcome=messages.OUTCOMES[listed.outcome],
        )

    def UnlinkAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.UnlinkAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.UnlinkAccountResponse:
        """Remove a link."""
        caller = caller_with(_LINK)
        self._verbs.unlink(caller, self._city(caller).city, messages.link_id(request))
        return pb.UnlinkAccountResponse()

    def GetAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.GetAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.GetAccountResponse:
        """Read one linked account."""
        caller = caller_with(_READ)
        city = self._city(caller).city
        outcome = self._verbs.read_linked(caller, city, messages.link_id(request))
        if isinstance(outcome, Refused):
            raise RefusedError(outcome.reason, **outcome.details)
        return pb.GetAccountResponse(account=messages.linked_message(outcome, city.currency_code))

    def _city(self, caller: Caller) -> ServedCity:
        served = self._directory.city(caller.city_id) if caller.city_id else None
        if served is None:
            raise RefusedError(Refusal.CITY_UNKNOWN)
        return served
