"""The calls of billing_link that are measured, and the links that they read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice, repeat
from random import Random

import grpc
import psycopg
from community_access.billing_link.v1 import billing_link_pb2_grpc
from community_access.billing_link.v1.billing_link_pb2 import (
    GetAccountRequest,
    ListLinkedAccountsRequest,
    ResolveAccountRequest,
)

from benchmarks import records
from benchmarks.grpc_load import OPTIONS, SECONDS_TO_ANSWER, Caller
from benchmarks.issuer import Issuer

_SERVICE = "community_access.billing_link.v1.BillingLinkService"
# Of each resident whose links are read.
LINKS = 3
# A resident can have so many.
_MOST_LINKS = 100
_OTHER_LINKS = 5_000


@dataclass(frozen=True)
class Call:
    """A method of the contract, its callers, and what happens before each run of them."""

    method: str
    callers: Sequence[Caller]
    shown_as: str = ""
    prepare: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """What the tables call it."""
        return self.shown_as or self.method

    @property
    def path(self) -> str:
        """The method's path (gRPC over HTTP/2)."""
        return f"/{_SERVICE}/{self.method}"


def resolve_request(index: int, *, remember: bool = False) -> bytes:
    """Return a request for one account."""
    account_number, customer_id = records.numbers(index)
    request = ResolveAccountRequest(account_number=account_number, customer_id=customer_id, remember=remember)
    return request.SerializeToString()


def calls(target: str, database_url: str, issuer: Issuer, *, callers: int, accounts: int) -> list[Call]:
    """Return every call that is measured, at one server; some of its residents have links afterwards."""
    chance = Random(accounts)  # noqa: S311 - chooses an account, not a secret
    _fill(database_url)
    tokens = [issuer.token(records.CITY_ID) for _ in range(callers)]
    links = [_link(target, token, place * LINKS) for place, token in enumerate(tokens)]

    def any_account() -> Iterator[bytes]:
        return (resolve_request(chance.randrange(accounts)) for _ in count())

    all_linked = ListLinkedAccountsRequest().SerializeToString()
    one_linked = (GetAccountRequest(link_id=of_resident[0]).SerializeToString() for of_resident in links)
    return [
        Call("ResolveAccount", [Caller(token, any_account) for token in tokens]),
        Call(
            "ListLinkedAccounts",
            [Caller(token, partial(repeat, all_linked)) for token in tokens],
            f"ListLinkedAccounts ({LINKS} links)",
        ),
        Call(
            "GetAccount",
            [
                Caller(token, partial(repeat, request))
                for token, request in zip(tokens, one_linked, strict=True)
            ],
        ),
        _linking(database_url, issuer, links, accounts),
    ]


def _link(target: str, token: str, first: int) -> list[str]:
    """Link accounts to a resident, have the auto-link decided, and return the ids of the links."""
    links = []
    credentials = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(target, options=OPTIONS) as channel:
        stub = billing_link_pb2_grpc.BillingLinkServiceStub(channel)
        for index in range(first, first + LINKS):
            request = ResolveAccountRequest.FromString(resolve_request(index, remember=True))
            made = stub.ResolveAccount(request, metadata=credentials, timeout=SECONDS_TO_ANSWER)
            links.append(made.link.link_id)
        stub.ListLinkedAccounts(ListLinkedAccountsRequest(), metadata=credentials, timeout=SECONDS_TO_ANSWER)
    return links


def _fill(database_url: str) -> None:
    """Add links of other residents, so that the database's plans are those of a city in use."""
    with _connected(database_url) as connection:
        connection.execute(
            """
            INSERT INTO links
                (id, city_id, issuer, subject, customer_id_key, account_number_key, origin, linked_at)
            SELECT 'other ' || n, %s, 'elsewhere', 'resident ' || n, n, n, 'resident', now()
            FROM generate_series(1, %s) AS n
            """,
            [records.CITY_ID, _OTHER_LINKS],
        )
        connection.execute("ANALYZE")


def _connected(database_url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(database_url.replace("+psycopg", "", 1), autocommit=True)


def _linking(database_url: str, issuer: Issuer, kept: Sequence[Sequence[str]], accounts: int) -> Call:
    """Return the call that links a new account: each resident links as many as they may, in each run."""
    tokens = [issuer.token(records.CITY_ID) for _ in kept]

    def new_accounts(place: int) -> Iterator[bytes]:
        indexes = islice(count(place, len(tokens)), _MOST_LINKS)
        return (resolve_request(index % accounts, remember=True) for index in indexes)

    def unlink() -> None:
        with _connected(database_url) as connection:
            kept_ids = [*chain.from_iterable(kept)]
            connection.execute(
                "DELETE FROM links WHERE NOT id = ANY(%s) AND id NOT LIKE 'other %%'", [kept_ids]
            )
            connection.execute("DELETE FROM notices")

    callers = [Caller(token, partial(new_accounts, place)) for place, token in enumerate(tokens)]
    return Call("ResolveAccount", callers, "a new link", unlink)
