"""The verbs of the profile page: read the profile, sign devices out."""

from dataclasses import dataclass

from identity.clock import Clock
from identity.residents.accounts.store import Accounts
from identity.residents.federated_identities.store import FederatedIdentities
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.residents.sessions.store import LiveSession, Sessions
from identity.storage import Storage
from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class Profile:
    """A resident, as they see themselves. Holds personal data."""

    name: str
    email: str
    # `password`, `google`, …
    sign_in_method: str
    # The address that the provider names now, where it is not the one before; empty when there is none.
    offered_email: str
    # The most recently used first.
    sessions: list[LiveSession]


class ResidentProfile:
    """Reads a resident's account and ends their sessions."""

    def __init__(self, storage: Storage, clock: Clock, sessions: SessionLifecycle) -> None:
        self._storage, self._clock, self._sessions = storage, clock, sessions

    def read_profile(self, current: SignedIn) -> Profile:
        """Return the profile of the resident who is signed in."""
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(current.resident_id)
            if resident is None:
                raise LookupError("a session without its resident")
            known = FederatedIdentities(tx).of_resident(resident.id)
            return Profile(
                name=f"{resident.given_name} {resident.family_name}".strip(),
                email=resident.email or "",
                sign_in_method=resident.sign_in_method,
                offered_email=(known.offered_email or "") if known else "",
                sessions=Sessions(tx).list_live_sessions(resident.id, self._clock.now()),
            )

    def end_session(self, current: SignedIn, sid: str, visitor: Visitor) -> bool:
        """Sign one of the resident's own devices out; False if it is not theirs or had ended."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            ended = self._sessions.end(
                tx,
                [sid],
                EndReason.ENDED_ON_PROFILE,
                now,
                of_resident=current.resident_id,
                ip_address=visitor.ip_address,
            )
        return ended == 1

    def end_other_sessions(self, current: SignedIn, visitor: Visitor) -> int:
        """Sign every other device of the resident out; return how many."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            return self._sessions.end_all(
                tx,
                current.resident_id,
                EndReason.ENDED_ON_PROFILE,
                now,
                except_sid=current.sid,
                ip_address=visitor.ip_address,
            )
