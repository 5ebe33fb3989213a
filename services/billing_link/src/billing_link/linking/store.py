"""All SQL of linking: cities, links and attempts. Statements of frequent calls are built once, on import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from billing_link.billing_records.port import Pair
from billing_link.linking.attempts import AttemptKeys, FailureCount
from billing_link.linking.links import AutoLinkOutcome, Link, Origin, Resident
from billing_link.linking.models import AttemptsRow, AutoLinkRow, CityRow, LinkRow
from billing_link.storage import insert_into

_link_columns = (
    LinkRow.id.label("link_id"),
    LinkRow.customer_id_key,
    LinkRow.account_number_key,
    LinkRow.origin,
    LinkRow.linked_at,
    LinkRow.undo_until,
)
_of_resident = and_(
    LinkRow.city_id == bindparam("city_id"),
    LinkRow.issuer == bindparam("issuer"),
    LinkRow.subject == bindparam("subject"),
)
_at_pair = and_(
    LinkRow.customer_id_key == bindparam("customer_id"),
    LinkRow.account_number_key == bindparam("account_number"),
)
# A table of one row: an outer join to it returns a row even where nothing matches.
_one = select(literal(1).label("one")).subquery()
_by_resident, _first, _again = aliased(AttemptsRow), aliased(AttemptsRow), aliased(AttemptsRow)

_LOOKUP_STATE = select(
    _by_resident.failures.label("resident_failures"),
    _by_resident.began_at.label("resident_began_at"),
    _first.failures.label("first_failures"),
    _first.began_at.label("first_began_at"),
    _again.failures.label("again_failures"),
    _again.began_at.label("again_began_at"),
    *_link_columns,
).select_from(
    _one.outerjoin(
        _by_resident,
        and_(_by_resident.key == bindparam("resident_key"), _by_resident.began_at > bindparam("since")),
    )
    .outerjoin(_first, and_(_first.key == bindparam("first_key"), _first.began_at > bindparam("since")))
    .outerjoin(_again, and_(_again.key == bindparam("again_key"), _again.began_at > bindparam("since")))
    .outerjoin(LinkRow, and_(_of_resident, _at_pair))
)
_RESIDENT_LINKS = (
    select(AutoLinkRow.outcome, *_link_columns)
    .select_from(
        _one.outerjoin(
            AutoLinkRow,
            and_(
                AutoLinkRow.city_id == bindparam("city_id"),
                AutoLinkRow.issuer == bindparam("issuer"),
                AutoLinkRow.subject == bindparam("subject"),
            ),
        ).outerjoin(LinkRow, _of_resident)
    )
    .order_by(LinkRow.linked_at, LinkRow.id)
)
_FIND_LINK = select(*_link_columns).where(_of_resident, LinkRow.id == bindparam("link_id"))
_FIND_LINK_TO = select(*_link_columns).where(_of_resident, _at_pair)


@dataclass(frozen=True, slots=True)
class LookupState:
    """The state before a look-up: failures in the window, None for none, and the resident's own link."""

    resident_failures: FailureCount | None
    # At the customer ID: of residents who, like this one, have or have not failed in the window.
    customer_failures: FailureCount | None
    own_link: Link | None


@dataclass(frozen=True, slots=True)
class ResidentLinks:
    """A resident's links, oldest first, and the outcome of the auto-link, None before it was tried."""

    auto_link_outcome: AutoLinkOutcome | None
    links: list[Link]


class Cities:
    """The cities that are served."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_document(self, city_id: str) -> Mapping[str, object] | None:
        """Return the city's file as an operator put it, None if there is no such city."""
        return self._connection.scalar(select(CityRow.document).where(CityRow.id == city_id))

    def list_documents(self) -> Sequence[Mapping[str, object]]:
        """Return the file of every city, ordered by id."""
        return self._connection.scalars(select(CityRow.document).order_by(CityRow.id)).all()

    def put_city(self, city_id: str, document: Mapping[str, object], now: datetime) -> None:
        """Add or replace a city."""
        new = {"document": dict(document), "put_at": now}
        self._connection.execute(
            insert_into(self._connection, CityRow)
            .values(id=city_id, **new)
            .on_conflict_do_update(index_elements=[CityRow.id], set_=new)
        )


class Links:
    """Links and auto-link outcomes. All but `other_subjects_linked_to` read by the whole `Resident`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read_lookup_state(
        self, resident: Resident, pair: Pair, keys: AttemptKeys, since: datetime
    ) -> LookupState:
        """Return the failures in windows begun after `since` and the own link, in one statement."""
        row = self._connection.execute(
            _LOOKUP_STATE,
            _resident(resident)
            | _pair(pair)
            | {
                "resident_key": keys.resident,
                "first_key": keys.customer_first,
                "again_key": keys.customer_again,
                "since": since,
            },
        ).one()
        by_resident = _failures(row.resident_failures, row.resident_began_at)
        first = _failures(row.first_failures, row.first_began_at)
        again = _failures(row.again_failures, row.again_began_at)
        return LookupState(by_resident, again if by_resident else first, _link(row) if row.link_id else None)

    def read_resident_links(self, resident: Resident) -> ResidentLinks:
        """Return the resident's links and the outcome of the auto-link, in one statement."""
        rows = self._connection.execute(_RESIDENT_LINKS, _resident(resident)).all()
        outcome = rows[0].outcome
        return ResidentLinks(
            AutoLinkOutcome(outcome) if outcome else None, [_link(row) for row in rows if row.link_id]
        )

    def find_link(self, resident: Resident, link_id: str) -> Link | None:
        """Return one of the resident's links, None if there is no such link."""
        row = self._connection.execute(_FIND_LINK, _resident(resident) | {"link_id": link_id}).one_or_none()
        return _link(row) if row else None

    def find_link_to(self, resident: Resident, pair: Pair) -> Link | None:
        """Return the resident's link to this pair, None if there is none."""
        row = self._connection.execute(_FIND_LINK_TO, _resident(resident) | _pair(pair)).one_or_none()
        return _link(row) if row else None

    def count_links(self, resident: Resident) -> int:
        """Return how many links the resident has."""
        counted = select(func.count()).select_from(LinkRow).where(_of_resident)
        return self._connection.scalar(counted, _resident(resident)) or 0

    def other_subjects_linked_to(self, resident: Resident, pair: Pair) -> list[str]:
        """Return the subjects of the same issuer, without this resident, that have a link to this pair."""
        others = select(LinkRow.subject).where(
            LinkRow.city_id == resident.city_id,
            LinkRow.customer_id_key == pair.customer_id,
            LinkRow.account_number_key == pair.account_number,
            LinkRow.issuer == resident.issuer,
            LinkRow.subject != resident.subject,
        )
        return list(self._connection.scalars(others))

    def add_link(self, resident: Resident, link: Link) -> None:
        """Store a new link."""
        self._connection.execute(
            insert(LinkRow).values(
                id=link.link_id,
                city_id=resident.city_id,
                issuer=resident.issuer,
                subject=resident.subject,
                customer_id_key=link.pair.customer_id,
                account_number_key=link.pair.account_number,
                origin=link.origin.value,
                linked_at=link.linked_at,
                undo_until=link.undo_until,
            )
        )

    def remove_link(self, resident: Resident, link_id: str) -> Link | None:
        """Remove one of the resident's links and return it; None if there is no such link."""
        gone = (
            delete(LinkRow).where(_of_resident, LinkRow.id == bindparam("link_id")).returning(*_link_columns)
        )
        row = self._connection.execute(gone, _resident(resident) | {"link_id": link_id}).one_or_none()
        return _link(row) if row else None

    def find_auto_link_outcome(self, resident: Resident) -> AutoLinkOutcome | None:
        """Return the outcome of the auto-link, None before it was tried."""
        outcome = self._connection.scalar(select(AutoLinkRow.outcome).where(*_auto_link_of(resident)))
        return AutoLinkOutcome(outcome) if outcome else None

    def has_linked_address(self, address_digest: str, since: datetime) -> bool:
        """Return whether an auto-link was made after `since` by this address, undone or not."""
        made = AutoLinkRow.outcome.in_((AutoLinkOutcome.LINKED.value, AutoLinkOutcome.UNDONE.value))
        found = select(AutoLinkRow.subject).where(
            AutoLinkRow.address_digest == address_digest, made, AutoLinkRow.decided_at > since
        )
        return self._connection.execute(found.limit(1)).one_or_none() is not None

    def record_auto_link(
        self,
        resident: Resident,
        address_digest: str,
        outcome: AutoLinkOutcome,
        link: Link | None,
        now: datetime,
    ) -> None:
        """Store the outcome of the auto-link; a second one for the same resident is an integrity error."""
        self._connection.execute(
            insert(AutoLinkRow).values(
                city_id=resident.city_id,
                issuer=resident.issuer,
                subject=resident.subject,
                outcome=outcome.value,
                link_id=link.link_id if link else "",
                decided_at=now,
                address_digest=address_digest,
            )
        )

    def record_auto_link_undone(self, resident: Resident, link: Link) -> bool:
        """Store UNDONE if the auto-link made this link; False if it did not."""
        undone = self._connection.execute(
            update(AutoLinkRow)
            .where(*_auto_link_of(resident), AutoLinkRow.link_id == link.link_id)
            .values(outcome=AutoLinkOutcome.UNDONE.value, link_id="")
        )
        return undone.rowcount == 1


class Attempts:
    """Failed attempts, counted by the keys of `attempts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_failure(self, key: str, now: datetime, since: datetime) -> FailureCount:
        """Count one failure, atomically, and return the count; a window begun by `since` starts again."""
        statement = insert_into(self._connection, AttemptsRow)
        over = AttemptsRow.began_at <= since
        counted = statement.on_conflict_do_update(
            index_elements=[AttemptsRow.key],
            set_={
                "failures": case((over, 1), else_=AttemptsRow.failures + 1),
                "began_at": case((over, statement.excluded.began_at), else_=AttemptsRow.began_at),
            },
        ).returning(AttemptsRow.failures, AttemptsRow.began_at)
        row = self._connection.execute(counted.values(key=key, began_at=now, failures=1)).one()
        return FailureCount(row.failures, row.began_at)

    def delete_begun_before(self, since: datetime) -> int:
        """Delete the counts of windows that began by `since`; return how many."""
        return self._connection.execute(delete(AttemptsRow).where(AttemptsRow.began_at <= since)).rowcount


def _auto_link_of(resident: Resident) -> tuple[Any, ...]:
    return (
        AutoLinkRow.city_id == resident.city_id,
        AutoLinkRow.issuer == resident.issuer,
        AutoLinkRow.subject == resident.subject,
    )


def _failures(failures: int, began_at: datetime | None) -> FailureCount | None:
    return FailureCount(failures, began_at) if began_at else None


def _resident(resident: Resident) -> dict[str, Any]:
    return {"city_id": resident.city_id, "issuer": resident.issuer, "subject": resident.subject}


def _pair(pair: Pair) -> dict[str, Any]:
    return {"customer_id": pair.customer_id, "account_number": pair.account_number}


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    pair = Pair(row.account_number_key, row.customer_id_key)
    return Link(row.link_id, pair, Origin(row.origin), row.linked_at, row.undo_until)
