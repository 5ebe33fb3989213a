"""What happened to a resident's account, told within the transaction in which it happens.

Verbs announce and do not know who listens; each listener writes what follows, such as rows of the outbox,
into the same transaction. So nothing that happened goes untold, and nothing is told that was rolled back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from identity.storage import Executor


class Initiator(StrEnum):
    """Who brought it about. The values are CAEP's `initiating_entity`."""

    RESIDENT = "user"
    STAFF = "admin"
    POLICY = "policy"
    SYSTEM = "system"


@dataclass(frozen=True)
class SessionEnded:
    """A session was ended; one that runs out by itself is not announced."""

    resident_id: str
    session_id: str
    by: Initiator = Initiator.RESIDENT


@dataclass(frozen=True)
class PasswordChanged:
    """A resident has another password."""

    resident_id: str
    by: Initiator = Initiator.RESIDENT


@dataclass(frozen=True)
class AccountDisabled:
    """A resident can no longer sign in."""

    resident_id: str


@dataclass(frozen=True)
class AccountPurged:
    """A resident's account is being deleted for good: its rows go at the end of this transaction."""

    resident_id: str
    # In the compared form; None where the resident has no address.
    email_key: str | None


@dataclass(frozen=True)
class AddressChanged:
    """A resident has another e-mail address."""

    resident_id: str
    old: str
    new: str


@dataclass(frozen=True)
class AccessRemoved:
    """A resident took back what they had allowed one client."""

    resident_id: str
    client_id: str


class AccessRemovalReason(StrEnum):
    """Why every client loses its access."""

    PROVIDER_NOTICE = "provider_notice"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DELETED = "account_deleted"


@dataclass(frozen=True)
class AllAccessRemoved:
    """Every client loses what it holds of a resident, offline access included."""

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
    """Somebody who passes on what happened."""

    def handle(self, executor: Executor, account_events: Sequence[AccountEvent]) -> None:
        """Write what follows from these; what is of no interest is let pass."""


class AccountEvents:
    """Tells all listeners."""

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers = subscribers

    def publish(self, executor: Executor, *account_events: AccountEvent) -> None:
        """Tell what happened, inside the transaction in which it did."""
        for subscriber in self._subscribers if account_events else ():
            subscriber.handle(executor, account_events)
