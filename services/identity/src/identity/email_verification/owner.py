"""What a journey says of the addresses that it has verified: its rows, its store and its mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from identity.continuation import Continuation, SignedContinuation
from identity.mail.messages import Mail
from identity.residents.accounts.addresses import Address
from identity.residents.action_links.purposes import Purpose
from identity.storage import Executor


class Pending(Protocol):
    """A journey's row whose address waits for proof. Holds personal data."""

    @property
    def id(self) -> str:
        """The subject of the row's link and code."""

    @property
    def address(self) -> Address | None:
        """The address; None while the resident is still asked for one."""

    @property
    def continuation(self) -> SignedContinuation:
        """Where the resident was going."""

    @property
    def browser_digest(self) -> str:
        """Of the secret of the browser that created the row (`BrowserBinding`)."""

    @property
    def created_at(self) -> datetime:
        """When the resident asked."""

    @property
    def expires_at(self) -> datetime:
        """The end of the row's life; a mail that is sent again extends it."""

    @property
    def is_verified(self) -> bool:
        """Whether the row has become a resident."""


P = TypeVar("P", bound=Pending)
P_co = TypeVar("P_co", bound=Pending, covariant=True)
P_contra = TypeVar("P_contra", bound=Pending, contravariant=True)


class PendingStore(Protocol[P_co]):
    """A journey's pending rows, within one transaction."""

    def find_pending(self, pending_id: str) -> P_co | None:
        """Return the row, expired or not."""

    def extend_pending(self, pending_id: str, address: Address, now: datetime) -> bool:
        """Let the row live for another 24 hours; False if it is verified, or waits for another address."""


class VerificationMessage(Protocol[P_contra]):
    """Composes a journey's mail."""

    def __call__(self, pending: P_contra, continuation: Continuation, /, *, link: str, code: str) -> Mail:
        """Return the mail to the row's address. `continuation` is read from the row, `link` is a URL."""


@dataclass(frozen=True)
class VerificationOwner(Generic[P]):
    """What a journey says of its addresses."""

    purpose: Purpose
    store: Callable[[Executor], PendingStore[P]]
    mail: VerificationMessage[P]
    # Whether a link counts as used once its address has an account, however that came into being.
    is_verified_by_account: bool
