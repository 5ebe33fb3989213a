"""The four calls of the contract: each parses its request, calls one verb, and renders the outcome."""

from dataclasses import dataclass

import grpc
from community_access.billing_link.v1 import billing_link_pb2 as pb
from community_access.billing_link.v1 import billing_link_pb2_grpc

from billing_link.errors import Refusal, Refused
from billing_link.linking.city_cache import CityCache, ServedCity
from billing_link.linking.get_account import GetAccount
from billing_link.linking.list_linked_accounts import ListLinkedAccounts
from billing_link.linking.resolve_account import ResolveAccount
from billing_link.linking.unlink_account import UnlinkAccount
from billing_link.rpc import messages
from billing_link.rpc.authentication import require_scope
from billing_link.rpc.error_status import RefusedError
from billing_link.tokens.caller import Caller

_READ, _LINK = "billing.read", "billing.link"


@dataclass(frozen=True, slots=True)
class Verbs:
    """One verb for each call of the contract."""

    resolve: ResolveAccount
    list_linked: ListLinkedAccounts
    unlink: UnlinkAccount
    get_account: GetAccount


class Servicer(billing_link_pb2_grpc.BillingLinkServiceServicer):
    """BillingLinkService of the contract. `interceptor` turns what is raised here into a status."""

    def __init__(self, verbs: Verbs, cities: CityCache) -> None:
        self._verbs = verbs
        self._cities = cities

    def ResolveAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.ResolveAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.ResolveAccountResponse:
        """Find an account."""
        caller = require_scope(_READ)
        if request.remember:
            require_scope(_LINK)
        served = self._city(caller)
        outcome = self._verbs.resolve(caller, served, messages.parse_typed_numbers(request))
        if isinstance(outcome, Refused):
            raise RefusedError(outcome)
        account = messages.account_message(outcome.account, served.city.currency_code)
        link = messages.link_message(outcome.link) if outcome.link else None
        return pb.ResolveAccountResponse(account=account, link=link)

    def ListLinkedAccounts(  # noqa: N802 - the contract's name
        self,
        request: pb.ListLinkedAccountsRequest,  # noqa: ARG002 - the token holds every argument
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.ListLinkedAccountsResponse:
        """List the linked accounts."""
        caller = require_scope(_READ)
        city = self._city(caller).city
        listed = self._verbs.list_linked(caller, city)
        return pb.ListLinkedAccountsResponse(
            accounts=[
                messages.linked_account_message(linked, city.currency_code) for linked in listed.accounts
            ],
            auto_link_outcome=messages.AUTO_LINK_OUTCOMES[listed.auto_link_outcome],
        )

    def UnlinkAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.UnlinkAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.UnlinkAccountResponse:
        """Remove a link."""
        caller = require_scope(_LINK)
        self._verbs.unlink(caller, self._city(caller).city, messages.parse_link_id(request))
        return pb.UnlinkAccountResponse()

    def GetAccount(  # noqa: N802 - the contract's name
        self,
        request: pb.GetAccountRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the generated signature
    ) -> pb.GetAccountResponse:
        """Read one linked account."""
        caller = require_scope(_READ)
        city = self._city(caller).city
        outcome = self._verbs.get_account(caller, city, messages.parse_link_id(request))
        if isinstance(outcome, Refused):
            raise RefusedError(outcome)
        return pb.GetAccountResponse(account=messages.linked_account_message(outcome, city.currency_code))

    def _city(self, caller: Caller) -> ServedCity:
        served = self._cities.find_city(caller.city_id) if caller.city_id else None
        if served is None:
            raise RefusedError(Refused(Refusal.CITY_UNKNOWN))
        return served
