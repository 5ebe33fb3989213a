"""All SQL of links and auto-links, and what is read with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from billing_link.billing_records.port import Pair
from billing_link.compiled_statements import CompiledStatement
from billing_link.linking.attempts import AttemptKeys, FailureCount
from billing_link.linking.links import (
    AutoLinkOutcome,
    AutoLinkState,
    Link,
    LinkingState,
    Origin,
    Resident,
    ResidentLinks,
)
from billing_link.linking.models import AttemptsRow, AutoLinkRow, LinkRow
from billing_link.new_rows import NewRow
from billing_link.storage import lock_key

_link_columns = (
    LinkRow.id.label("link_id"),
    LinkRow.customer_id_key,
    LinkRow.account_number_key,
    LinkRow.origin,
    LinkRow.linked_at,
    LinkRow.undo_until,
)


def _of_resident(links: Any = LinkRow) -> ColumnElement[bool]:  # noqa: ANN401 - links, auto-links, or an alias
    return and_(
        links.city_id == bindparam("of_city"),
        links.issuer == bindparam("of_issuer"),
        links.subject == bindparam("of_subject"),
    )


def _at_pair(links: Any = LinkRow) -> ColumnElement[bool]:  # noqa: ANN401 - links, or an alias
    return and_(
        links.customer_id_key == bindparam("customer_id"),
        links.account_number_key == bindparam("account_number"),
    )


# A table of one row: an outer join to it returns a row even where nothing matches.
_one = select(literal_column("1").label("one")).subquery()

by_resident, _first, _again = aliased(AttemptsRow), aliased(AttemptsRow), aliased(AttemptsRow)
failures_at_customer_id = case((by_resident.key.is_(None), _first.failures), else_=_again.failures)


def _counted(attempts: type[AttemptsRow], key: str) -> ColumnElement[bool]:
    return and_(attempts.key == bindparam(key), attempts.began_at > bindparam("since"))


# `linking.account_reads.store` joins the accounts to these three.
LOOKUP_STATE = select(
    by_resident.failures.label("resident_failures"),
    by_resident.began_at.label("resident_began_at"),
    failures_at_customer_id.label("customer_failures"),
    case((by_resident.key.is_(None), _first.began_at), else_=_again.began_at).label("customer_began_at"),
    *_link_columns,
).select_from(
    _one.outerjoin(by_resident, _counted(by_resident, "resident_key"))
    .outerjoin(_first, _counted(_first, "first_key"))
    .outerjoin(_again, _counted(_again, "again_key"))
    .outerjoin(LinkRow, and_(_of_resident(), _at_pair()))
)
RESIDENT_LINKS = (
    select(AutoLinkRow.outcome, *_link_columns)
    .select_from(_one.outerjoin(AutoLinkRow, _of_resident(AutoLinkRow)).outerjoin(LinkRow, _of_resident()))
    .order_by(LinkRow.linked_at, LinkRow.id)
)
FIND_LINK = select(*_link_columns).where(_of_resident(), LinkRow.id == bindparam("link_id"))

_LOOKUP_STATE, _RESIDENT_LINKS = CompiledStatement(LOOKUP_STATE), CompiledStatement(RESIDENT_LINKS)
_FIND_LINK = CompiledStatement(FIND_LINK)

_other, _all = aliased(LinkRow), aliased(LinkRow)
_LINKING_STATE = CompiledStatement(
    select(
        select(func.count()).select_from(_all).where(_of_resident(_all)).scalar_subquery().label("links"),
        _other.subject.label("other_subject"),
        *_link_columns,
    ).select_from(
        _one.outerjoin(LinkRow, and_(_of_resident(), _at_pair())).outerjoin(
            _other,
            and_(
                _other.city_id == bindparam("of_city"),
                _at_pair(_other),
                _other.issuer == bindparam("of_issuer"),
                _other.subject != bindparam("of_subject"),
            ),
        )
    )
)
_by_address = aliased(AutoLinkRow)
_AUTO_LINK_STATE = CompiledStatement(
    select(
        AutoLinkRow.outcome,
        select(literal_column("1"))
        .where(
            _by_address.address_digest == bindparam("address_digest"),
            or_(
                _by_address.outcome == AutoLinkOutcome.LINKED.value,
                _by_address.outcome == AutoLinkOutcome.UNDONE.value,
            ),
            _by_address.decided_at > bindparam("since"),
        )
        .exists()
        .label("address_has_linked"),
    ).select_from(_one.outerjoin(AutoLinkRow, _of_resident(AutoLinkRow)))
)
_REMOVE_LINK = CompiledStatement(
    delete(LinkRow).where(_of_resident(), LinkRow.id == bindparam("link_id")).returning(*_link_columns)
)
_UNDO_AUTO_LINK = CompiledStatement(
    update(AutoLinkRow)
    .where(_of_resident(AutoLinkRow), AutoLinkRow.link_id == bindparam("undone_link_id"))
    .values(outcome=AutoLinkOutcome.UNDONE.value, link_id="")
)


_LOCKS = {
    count: CompiledStatement(
        select(
            *(
                func.pg_advisory_xact_lock(bindparam(f"lock_{n}", type_=BigInteger)).label(f"held_{n}")
                for n in range(count)
            )
        )
    )
    for count in (1, 2, 3)
}


@dataclass(frozen=True, slots=True)
class LookupState:
    """The state before a look-up: failures in the window, None for none, and the resident's own link."""

    resident_failures: FailureCount | None
    # At the customer ID: of residents who, like this one, have or have not failed in the window.
    customer_failures: FailureCount | None
    own_link: Link | None


class Links:
    """Links and auto-link outcomes, read by the whole `Resident` but for the subjects of others."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, *locks: tuple[str, ...]) -> None:
        """Wait until no other transaction holds these locks, in their order; in one statement.

        SQLite needs nothing: only one of its transactions runs at a time.
        """
        if self._connection.dialect.name != "sqlite":
            keys = {f"lock_{number}": lock_key(*names) for number, names in enumerate(locks)}
            _LOCKS[len(locks)].row(self._connection, keys)

    def read_lookup_state(
        self, resident: Resident, pair: Pair, keys: AttemptKeys, since: datetime
    ) -> LookupState:
        """Return the failures in windows begun after `since` and the own link, in one statement."""
        return read_state(_LOOKUP_STATE.row(self._connection, lookup_values(resident, pair, keys, since)))

    def read_resident_links(self, resident: Resident) -> ResidentLinks:
        """Return the resident's links and the outcome of the auto-link, in one statement."""
        rows = _RESIDENT_LINKS.rows(self._connection, resident_values(resident))
        return ResidentLinks(_outcome(rows[0]), [link for row in rows if (link := read_link(row))])

    def find_link(self, resident: Resident, link_id: str) -> Link | None:
        """Return one of the resident's links, None if there is no such link."""
        row = _FIND_LINK.row(self._connection, resident_values(resident) | {"link_id": link_id})
        return read_link(row) if row else None

    def read_linking_state(self, resident: Resident, pair: Pair) -> LinkingState:
        """Return the resident's link to the pair, how many they have, and who else has linked it."""
        rows = _LINKING_STATE.rows(self._connection, resident_values(resident) | pair._asdict())
        others = [row.other_subject for row in rows if row.other_subject]
        return LinkingState(read_link(rows[0]), rows[0].links, others)

    def read_auto_link_state(self, resident: Resident, address_digest: str, since: datetime) -> AutoLinkState:
        """Return the outcome of the auto-link, and whether the address has made a link after `since`."""
        values = resident_values(resident) | {"address_digest": address_digest, "since": since}
        row = _AUTO_LINK_STATE.row(self._connection, values)
        return AutoLinkState(_outcome(row), row.address_has_linked)

    def remove_link(self, resident: Resident, link_id: str) -> Link | None:
        """Remove one of the resident's links and return it; None if there is no such link."""
        row = _REMOVE_LINK.row(self._connection, resident_values(resident) | {"link_id": link_id})
        return read_link(row) if row else None

    def record_auto_link_undone(self, resident: Resident, link: Link) -> bool:
        """Store UNDONE if the auto-link made this link; False if it did not."""
        values = resident_values(resident) | {"undone_link_id": link.link_id}
        return _UNDO_AUTO_LINK.count(self._connection, values) == 1


def new_link(resident: Resident, link: Link) -> NewRow:
    """Return the row of a new link."""
    return NewRow(
        LinkRow,
        _owner(resident)
        | {
            "id": link.link_id,
            "customer_id_key": link.pair.customer_id,
            "account_number_key": link.pair.account_number,
            "origin": link.origin.value,
            "linked_at": link.linked_at,
            "undo_until": link.undo_until,
        },
    )


def new_auto_link(
    resident: Resident, address_digest: str, outcome: AutoLinkOutcome, link: Link | None, now: datetime
) -> NewRow:
    """Return the row of an auto-link's outcome; a second one for a resident is an integrity error."""
    return NewRow(
        AutoLinkRow,
        _owner(resident)
        | {
            "outcome": outcome.value,
            "link_id": link.link_id if link else "",
            "decided_at": now,
            "address_digest": address_digest,
        },
    )


def resident_values(resident: Resident) -> dict[str, object]:
    """Return the values by which a statement finds a resident's rows."""
    return {"of_city": resident.city_id, "of_issuer": resident.issuer, "of_subject": resident.subject}


def _owner(resident: Resident) -> dict[str, object]:
    return {"city_id": resident.city_id, "issuer": resident.issuer, "subject": resident.subject}


def lookup_values(resident: Resident, pair: Pair, keys: AttemptKeys, since: datetime) -> dict[str, object]:
    """Return the values of `LOOKUP_STATE`."""
    return {
        "of_city": resident.city_id,
        "of_issuer": resident.issuer,
        "of_subject": resident.subject,
        "customer_id": pair.customer_id,
        "account_number": pair.account_number,
        "resident_key": keys.resident,
        "first_key": keys.customer_first,
        "again_key": keys.customer_again,
        "since": since,
    }


def read_state(row: Any) -> LookupState:  # noqa: ANN401 - a row with the columns of `LOOKUP_STATE`
    """Return the state in a row of `LOOKUP_STATE`."""
    return LookupState(
        _failures(row.resident_failures, row.resident_began_at),
        _failures(row.customer_failures, row.customer_began_at),
        read_link(row),
    )


def read_link(row: Any) -> Link | None:  # noqa: ANN401 - a row with a link's columns
    """Return the link in a row, None where an outer join found none."""
    if row.link_id is None:
        return None
    pair = Pair(row.account_number_key, row.customer_id_key)
    return Link(row.link_id, pair, Origin(row.origin), row.linked_at, row.undo_until)


def _failures(failures: int, began_at: datetime | None) -> FailureCount | None:
    return FailureCount(failures, began_at) if began_at else None


def _outcome(row: Any) -> AutoLinkOutcome | None:  # noqa: ANN401 - a row with an auto-link's outcome
    return AutoLinkOutcome(row.outcome) if row.outcome else None
