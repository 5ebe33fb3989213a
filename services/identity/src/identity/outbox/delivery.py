"""What the worker asks of the handler of each kind of message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from identity.outbound_http import Limits

# Of deliveries over HTTP. The status says nearly everything, so a long body is no fault.
HTTP_LIMITS = Limits(connect=3.0, read=6.0, total=6.0, size=4096, cuts_body=True)


# The wait after the first, second, … attempt at another party's server; the last one repeats.
BACK_OFF = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)


class NotDeliveredError(Exception):
    """A message was not delivered now. The text is for an operator and quotes neither payload nor reply."""


class NotAnsweredError(NotDeliveredError):
    """The recipient's server did not answer to the end: it is tried again within a minute, however often."""


class ServerAwayError(NotDeliveredError):
    """The server that all messages of the kind go to takes none now: this is no attempt at the message."""


class RefusedForGoodError(NotDeliveredError):
    """The recipient's server refuses the message for good: it becomes `failed` at once."""


class NoLongerUsefulError(NotDeliveredError):
    """What the message says is no longer true: it becomes `dropped`."""


class DeliveryHandler(Protocol):
    """Delivers the messages of one kind."""

    @property
    def kind(self) -> str:
        """The kind of message, as in `OutboxMessage.kind`."""
        ...

    @property
    def waits(self) -> Sequence[timedelta]:
        """The wait after the first, second, … attempt; the last one repeats."""
        ...

    @property
    def attempts(self) -> int:
        """The number of attempts after which a message becomes `failed`."""
        ...

    def deliver(self, message_id: str, payload: str, requested_at: datetime) -> None:
        """Deliver one message; `requested_at` is when it was queued.

        It returns or raises within 50 seconds, so that the lease of the message outlives it. Raises
        `RefusedForGoodError` or `NoLongerUsefulError` to end the attempts, and any other exception to be
        called again later.
        """
        ...
