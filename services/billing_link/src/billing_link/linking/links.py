"""The values of linking: a link, its resident and its origin, and the outcome of an auto-link."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing_link.audit.store import Actor
from billing_link.billing_records.port import Pair, UtilityAccount
from billing_link.tokens.caller import Caller

# One to four letters or digits and the separators between them, before what is no letter or digit.
_ENDING = re.compile(r"([0-9A-Za-z](?:[ -]?[0-9A-Za-z]|\.[0-9]){0,3})[^0-9A-Za-z]*$")
# Links of one resident in one city.
MOST_LINKS = 100


class Origin(StrEnum):
    """How a link was made."""

    RESIDENT = "resident"
    AUTO = "auto"


class AutoLinkOutcome(StrEnum):
    """The outcome of the search for an earlier registration."""

    NOT_TRIED = "not_tried"
    LINKED = "linked"
    AMBIGUOUS = "ambiguous"
    NONE = "none"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Link:
    """One resident's link to one pair of numbers."""

    link_id: str
    pair: Pair
    origin: Origin
    linked_at: datetime
    # Auto-links only: until when pages offer to undo it with one click.
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A link, and the account as the records have it now. Personal data."""

    link: Link
    account: UtilityAccount


@dataclass(frozen=True, slots=True)
class Resident:
    """The owner of links: one resident in one city. A link is read by all three values, never by fewer."""

    city_id: str
    issuer: str
    subject: str

    @classmethod
    def of(cls, caller: Caller, city_id: str) -> "Resident":
        """Return the caller as an owner of links in this city."""
        return cls(city_id, caller.issuer, caller.subject)

    @property
    def lock_names(self) -> tuple[str, str, str, str]:
        """The names under which changes to this resident's links wait for one another (`storage.hold`)."""
        return "resident", self.city_id, self.issuer, self.subject


@dataclass(frozen=True, slots=True)
class ResidentLinks:
    """A resident's links, oldest first, and the outcome of the auto-link, None before it was tried."""

    auto_link_outcome: AutoLinkOutcome | None
    links: list[Link]


@dataclass(frozen=True, slots=True)
class LinkingState:
    """What decides whether a resident may link a pair."""

    own_link: Link | None
    # Links that the resident has.
    count: int
    # Others of the same issuer who have linked the pair.
    other_subjects: list[str]


@dataclass(frozen=True, slots=True)
class AutoLinkState:
    """What decides whether an auto-link may be made."""

    # None before it was tried.
    outcome: AutoLinkOutcome | None
    # Whether the address has made a link since the day before, undone or not.
    address_has_linked: bool


def actor_of(caller: Caller) -> Actor:
    """Return the caller as the actor of an audit event."""
    return Actor(caller.subject, caller.client_id, caller.session_id)


def account_ending(account_number: str) -> str:
    """Return the end of a printed account number with its last four letters or digits, such as `10-02`.

    It identifies the account in a mail. Separators that identity does not take in a notification end it.
    """
    found = _ENDING.search(account_number)
    return found[1] if found else ""
