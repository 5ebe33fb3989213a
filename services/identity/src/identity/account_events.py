"""What happens to residents' accounts, published in the transaction in which it happens.

A verb publishes and does not know the subscribers. Each subscriber writes what follows, such as rows of the
outbox, in the same transaction: an event is delivered if and only if its cause commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from identity.storage import Executor


class Initiator(StrEnum):
    """Who caused it: the values of `initiating_entity` (CAEP 1.0 §2)."""

    RESIDENT = "user"
    STAFF = "admin"
    POLICY = "policy"
    SYSTEM = "system"


@dataclass(frozen=True)
class SessionEnded:
    """A session ended before its limits. One that runs out is not published."""

    resident_id: str
    session_id: str
    by: Initiator = Initiator.RESIDENT


@dataclass(frozen=True)
class PasswordChanged:
    """A resident has a new password."""

    resident_id: str
    by: Initiator = Initiator.RESIDENT


@dataclass(frozen=True)
class AccountDisabled:
    """A resident can no longer sign in."""

    resident_id: str


@dataclass(frozen=True)
class AccountPurged:
    """A resident's account is being deleted for good: its rows go later in this transaction.

    Holds personal data: the address.
    """

    resident_id: str
    # In the compared form; None where the resident has no address.
    email_key: str | None


@dataclass(frozen=True)
class AddressChanged:
    """A resident has another, verified e-mail address. Holds personal data: both, as typed."""

    resident_id: str
    old: str
    new: str


@dataclass(frozen=True)
class AccessRemoved:
    """A resident removed the access of one client."""

    resident_id: str
    client_id: str


class AccessRemovalReason(StrEnum):
    """Why every client loses its access."""

    PROVIDER_NOTICE = "provider_notice"
    # A person who is not the resident signed in.
    SIGN_IN_REPORTED = "sign_in_reported"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DELETED = "account_deleted"


@dataclass(frozen=True)
class AllAccessRemoved:
    """Every client loses its access to a resident's data, offline access included."""

    resident_id: str
    reason: AccessRemovalReason


AccountEvent = (
    SessionEnded
    | PasswordChanged
    | AccountDisabled
    | AccountPurged
    | AddressChanged
    | AccessRemoved
    | AllAccessRemoved
)


class Subscriber(Protocol):
    """Writes what follows from account events."""

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Write what follows from these, in the publisher's transaction; ignore the others."""


class AccountEvents:
    """Delivers account events to every subscriber."""

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers = subscribers

    def publish(self, executor: Executor, *account_events: AccountEvent) -> None:
        """Hand the events to every subscriber, in the transaction of their cause.

        Publish after the transaction's other writes where possible: subscribers lock rows.
        """
        for subscriber in self._subscribers if account_events else ():
            subscriber.handle(executor, account_events)
