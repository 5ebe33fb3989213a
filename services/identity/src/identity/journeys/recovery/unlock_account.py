"""The verb "Unlock account", by the mailed link."""

from dataclasses import dataclass
from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations, SignedContinuation
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.lockout.store import Lockout, Status
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.visitor import Visitor


class Unlocking(StrEnum):
    """What a link does, or did."""

    READY = "ready"
    UNLOCKED = "unlocked"
    # After so many failures only a new password ends the stop (NIST SP 800-63B-4 §3.2.2).
    NEEDS_NEW_PASSWORD = "needs_new_password"  # noqa: S105 - an outcome
    NO_LONGER_VALID = "no_longer_valid"


@dataclass(frozen=True)
class UnlockLink:
    """The outcome for one link. Holds personal data."""

    unlocking: Unlocking
    # Empty unless the link was spent.
    email: str = ""
    # None for an unknown link.
    continuation: Continuation | None = None


class UnlockAccount:
    """Ends the lockout of an address."""

    def __init__(
        self, storage: Storage, secret_keys: SecretKeys, clock: Clock, continuations: Continuations
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._continuations = continuations

    def find_link(self, token: str) -> UnlockLink:
        """Return whether the link works. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, Purpose.UNLOCK, self._clock.now())
        ready = Unlocking.READY if link.status is LinkStatus.VALID else Unlocking.NO_LONGER_VALID
        return UnlockLink(ready, continuation=self._read(link.continuation))

    def unlock(self, token: str, visitor: Visitor) -> UnlockLink:
        """Spend the link and set the counts of failures back."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).claim_link(token, Purpose.UNLOCK, now)
            continuation = self._read(link.continuation)
            resident = Accounts(tx).get(link.subject) if link.status is LinkStatus.VALID else None
            if resident is None or not resident.email_key:
                return UnlockLink(Unlocking.NO_LONGER_VALID, continuation=continuation)
            lockout = Lockout(tx, self._secret_keys)
            if lockout.worst_status(resident.email_key, now) is Status.STOPPED:
                return UnlockLink(Unlocking.NEEDS_NEW_PASSWORD, resident.email or "", continuation)
            lockout.unlock(resident.email_key)
            Audit(tx).record(Event.UNLOCKED, now, resident_id=resident.id, ip_address=visitor.ip_address)
            return UnlockLink(Unlocking.UNLOCKED, resident.email or "", continuation)

    def _read(self, signed: SignedContinuation | None) -> Continuation | None:
        return self._continuations.read(signed) if signed else None
