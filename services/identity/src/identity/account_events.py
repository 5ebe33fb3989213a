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
    """A resident's account is gone for good."""

    resident_id: str


@dataclass(frozen=True)
class AddressChanged:
    """A resident has another e-mail address."""

    resident_id: str
    old: str
    new: str


@dataclass(frozen=True)
class AccessRemoved:
    """A resident took back what they had allowed a client."""

    resident_id: str
    client_id: str


Happening = SessionEnded | PasswordChanged | AccountDisabled | AccountPurged | AddressChanged | AccessRemoved


class Listener(Protocol):
    """Somebody who passes on what happened."""

    def hear(self, executor: Executor, happenings: Sequence[Happening]) -> None:
        """Write what follows from these; what is of no interest is let pass."""


class Announcements:
    """Tells all listeners."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def announce(self, executor: Executor, *happenings: Happening) -> None:
        """Tell what happened, inside the transaction in which it did."""
        for listener in self._listeners if happenings else ():
            listener.hear(executor, happenings)
