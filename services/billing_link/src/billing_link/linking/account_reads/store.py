"""Reads links together with the imported records' accounts, each call in one statement.

It costs a third of what two cost: most of a small statement is the way to the server and back.
"""

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, bindparam, case, literal_column, or_

from billing_link.billing_records.models import UtilityAccountRow
from billing_link.billing_records.store import ACCOUNT_COLUMNS, closed_after, is_account, read_account
from billing_link.compiled_statements import CompiledStatement
from billing_link.linking import store
from billing_link.linking.account_reads.reads import Found, ResidentAccounts, Search
from billing_link.linking.attempts import MOST_AT_CUSTOMER_ID, MOST_BY_RESIDENT
from billing_link.linking.links import AutoLinkOutcome, LinkedAccount, Resident
from billing_link.linking.models import LinkRow
from billing_link.storage import Storage


def _is_below(failures: SQLColumnExpression[int], most: int) -> ColumnElement[bool]:
    """Return the condition; the limit is written into the statement, of which a parameter costs more."""
    return or_(failures.is_(None), failures < literal_column(str(most)))


_is_linked = LinkRow.id.is_not(None)
# No failures within the window are null.
_is_within_limits = and_(
    _is_below(store.by_resident.failures, MOST_BY_RESIDENT),
    _is_below(store.failures_at_customer_id, MOST_AT_CUSTOMER_ID),
)
_FIND_ACCOUNT = CompiledStatement(
    store.LOOKUP_STATE.add_columns(*ACCOUNT_COLUMNS).outerjoin(
        UtilityAccountRow,
        and_(
            # Above a limit the city is null: the index is not even looked into.
            is_account(
                case((or_(_is_linked, _is_within_limits), bindparam("of_city"))),
                bindparam("customer_id"),
                bindparam("account_number"),
            ),
            or_(_is_linked, closed_after(bindparam("closed_after"))),
        ),
    )
)
_is_linked_account = is_account(LinkRow.city_id, LinkRow.customer_id_key, LinkRow.account_number_key)
_LIST_LINKED = CompiledStatement(
    store.RESIDENT_LINKS.add_columns(*ACCOUNT_COLUMNS).outerjoin(UtilityAccountRow, _is_linked_account)
)
_FIND_LINKED = CompiledStatement(
    store.FIND_LINK.add_columns(*ACCOUNT_COLUMNS).join(UtilityAccountRow, _is_linked_account)
)


class JoinedReads:
    """Implements `AccountReads` for the imported records, which are in the same database."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_account(self, search: Search) -> Found:
        """Return the account; it is not read above a limit."""
        values = store.lookup_values(search.resident, search.pair, search.keys, search.since)
        with self._storage.autocommit() as connection:
            row = _FIND_ACCOUNT.row(connection, values | {"closed_after": search.closed_after})
        state = store.read_state(row)
        account = read_account(row, search.pair)
        return Found(state.resident_failures, state.customer_failures, state.own_link, account)

    def list_linked(self, resident: Resident) -> ResidentAccounts:
        """Return the accounts that the resident has linked."""
        with self._storage.autocommit() as connection:
            rows = _LIST_LINKED.rows(connection, store.resident_values(resident))
        accounts = []
        for row in rows:
            link = store.read_link(row)
            account = read_account(row, link.pair) if link else None
            if link and account:
                accounts.append(LinkedAccount(link, account))
        outcome = rows[0].outcome
        return ResidentAccounts(AutoLinkOutcome(outcome) if outcome else None, accounts)

    def find_linked(self, resident: Resident, link_id: str) -> LinkedAccount | None:
        """Return the account of one of the resident's links."""
        with self._storage.autocommit() as connection:
            row = _FIND_LINKED.row(connection, store.resident_values(resident) | {"link_id": link_id})
        link = store.read_link(row) if row else None
        account = read_account(row, link.pair) if link else None
        return LinkedAccount(link, account) if link and account else None
