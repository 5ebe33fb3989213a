"""The words of linking: a link, where it came from, and what became of an auto-link."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing_link.billing_records.port import Pair, UtilityAccount

# Links of one resident in one city.
MOST_LINKS = 100


class Origin(StrEnum):
    """How a link came to be."""

    RESIDENT = "resident"
    AUTO = "auto"


class AutoLinkOutcome(StrEnum):
    """What became of the search for an earlier registration."""

    NOT_TRIED = "not_tried"
    LINKED = "linked"
    AMBIGUOUS = "ambiguous"
    NONE = "none"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Link:
    """One resident's link to one pair."""

    link_id: str
    pair: Pair
    origin: Origin
    linked_at: datetime
    # Auto-links only: until when undoing is offered with one click.
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A link, and the account as the records have it now."""

    link: Link
    account: UtilityAccount


@dataclass(frozen=True, slots=True)
class Resident:
    """Whose links: one resident in one city. Nobody's links are found by less than all three."""

    city_id: str
    issuer: str
    subject: str


def account_ending(pair: Pair) -> str:
    """Return the last four letters or digits of the account number: enough to recognise it in a mail."""
    return "".join(c for c in pair.account_number if c.isalnum())[-4:]
