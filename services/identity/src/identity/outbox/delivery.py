"""What a kind of message needs to be delivered: a handler, and the faults that it raises."""

from datetime import datetime
from typing import Protocol


class NotDeliveredError(Exception):
    """A message could not be delivered now; the text is for an operator and quotes nothing of it."""


class RefusedForGoodError(NotDeliveredError):
    """The recipient's server refuses this message for good: no further attempt is made."""


class DeliveryHandler(Protocol):
    """Delivers the messages of one kind."""

    @property
    def kind(self) -> str:
        """The kind of message."""
        ...

    @property
    def attempts(self) -> int:
        """After how many attempts a message is given up, for an operator to see."""
        ...

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Deliver one message; raises `RefusedForGoodError` if it is refused for good, else any exception."""
        ...
