"""Beginning, continuing and ending sessions: the only caller of the store's writes that do so.

Every end is recorded in the audit and published as `SessionEnded` in the caller's transaction: clients get
their back-channel logouts and receivers their security events from that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from identity.account_events import (
    AccessRemovalReason,
    AccountEvent,
    AccountEvents,
    AllAccessRemoved,
    Initiator,
    SessionEnded,
)
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.residents.sessions.store import EndedSession, Sessions
from identity.storage import Transaction


class EndReason(StrEnum):
    """Why a session ends before it runs out."""

    # By the resident in that browser, or at the request of a client (OpenID Connect RP-Initiated Logout).
    SIGNED_OUT = "signed_out"
    # By the resident, on the profile page of any browser.
    ENDED_ON_PROFILE = "ended_on_profile"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a reason
    # Another resident signed in in the same browser.
    OTHER_RESIDENT = "other_resident"
    # The resident signed in again and chose "Remember me": a session with other limits takes its place.
    REMEMBER_ME = "remember_me"
    # A former secret was used after its time: two browsers had the cookie.
    SECRET_REPLAYED = "secret_replayed"  # noqa: S105 - a reason
    # The resident says, by the link of a mail about a sign-in, that it was another person.
    SIGN_IN_REPORTED = "sign_in_reported"
    # The provider says that the resident's account there was taken over, disabled, deleted or signed out.
    PROVIDER_EVENT = "provider_event"
    ENDED_BY_STAFF = "ended_by_staff"
    # The account was disabled by staff.
    DISABLED = "disabled"
    # The account was deleted by staff, or because the resident asked their provider for it.
    DELETED_BY_STAFF = "deleted_by_staff"
    DELETED_AT_PROVIDER = "deleted_at_provider"


@dataclass(frozen=True)
class _Consequence:
    """What is recorded and published of a session that ends for one reason."""

    initiator: Initiator
    # Who ended it, in the audit; None: said by the event itself, or by the caller.
    by: str | None = None
    event: Event = Event.SESSION_ENDED
    # Offline access (OpenID Connect Core §11), which outlives sessions, ends too: by `end_all` only.
    removes_access: AccessRemovalReason | None = None


_CONSEQUENCES = {
    EndReason.SIGNED_OUT: _Consequence(Initiator.RESIDENT, event=Event.SIGN_OUT),
    EndReason.ENDED_ON_PROFILE: _Consequence(Initiator.RESIDENT, by="resident"),
    EndReason.PASSWORD_RESET: _Consequence(Initiator.RESIDENT, by="reset"),
    EndReason.OTHER_RESIDENT: _Consequence(Initiator.RESIDENT, by="other_resident"),
    EndReason.REMEMBER_ME: _Consequence(Initiator.RESIDENT, by="remember_me"),
    EndReason.SECRET_REPLAYED: _Consequence(Initiator.POLICY, by="replay"),
    EndReason.SIGN_IN_REPORTED: _Consequence(
        Initiator.RESIDENT, by="report", removes_access=AccessRemovalReason.SIGN_IN_REPORTED
    ),
    EndReason.PROVIDER_EVENT: _Consequence(
        Initiator.POLICY, removes_access=AccessRemovalReason.PROVIDER_NOTICE
    ),
    EndReason.ENDED_BY_STAFF: _Consequence(Initiator.STAFF, by="staff"),
    EndReason.DISABLED: _Consequence(
        Initiator.STAFF, by="staff", removes_access=AccessRemovalReason.ACCOUNT_DISABLED
    ),
    EndReason.DELETED_BY_STAFF: _Consequence(
        Initiator.STAFF, removes_access=AccessRemovalReason.ACCOUNT_DELETED
    ),
    EndReason.DELETED_AT_PROVIDER: _Consequence(
        Initiator.RESIDENT, removes_access=AccessRemovalReason.ACCOUNT_DELETED
    ),
}


class BrowserSession(Protocol):
    """The live session of a browser, as `identity.web.current_session` finds it."""

    @property
    def sid(self) -> str:
        """The public identifier."""

    @property
    def resident_id(self) -> str:
        """Whose session it is."""

    @property
    def remembered(self) -> bool:
        """Whether it was begun with "Remember me"."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A resident has just proved who they are in a browser. Holds personal data: the IP address."""

    resident_id: str
    # RFC 8176 values.
    amr: Sequence[str]
    remember_me: bool
    # The session that the browser has, of this resident or another.
    current: BrowserSession | None
    # Where the resident goes next; None: nowhere but here.
    client_id: str | None
    user_agent: str
    ip_address: str
    # The resident was never seen in this browser.
    is_new_device: bool = False


@dataclass(frozen=True)
class SignedInSession:
    """The session that the browser has from now on. Holds a secret."""

    sid: str
    # New at every sign-in; for the cookie, and nowhere else.
    secret: str
    remembered: bool
    # False where the one that the browser had goes on.
    has_begun: bool


class SessionLifecycle:
    """Begins, continues and ends sessions in the caller's transaction."""

    def __init__(self, account_events: AccountEvents) -> None:
        self._account_events = account_events

    def begin_or_continue(
        self, tx: Transaction, proof: Proof, now: datetime, **details: str
    ) -> SignedInSession:
        """Sign the resident in; `details` are reason codes for the audit.

        The resident's own session in this browser goes on under a new secret with `auth_time` renewed, unless
        they choose "Remember me" for one that was begun without. Any other session of the browser ends.
        """
        current = proof.current
        signed_in = self._continue(tx, proof, now) or self._begin(tx, proof, now)
        Audit(tx).record(
            Event.SIGN_IN_SUCCEEDED,
            now,
            resident_id=proof.resident_id,
            client_id=proof.client_id,
            session_id=signed_in.sid,
            ip_address=proof.ip_address,
            **details,
        )
        if current and current.sid != signed_in.sid:
            is_own = current.resident_id == proof.resident_id
            reason = EndReason.REMEMBER_ME if is_own else EndReason.OTHER_RESIDENT
            self.end(tx, [current.sid], reason, now, ip_address=proof.ip_address)
        return signed_in

    def end(
        self,
        tx: Transaction,
        sids: Collection[str],
        end_reason: EndReason,
        now: datetime,
        *,
        of_resident: str | None = None,
        client_id: str | None = None,
        ip_address: str | None = None,
        **details: str,
    ) -> int:
        """End these sessions, with `of_resident` only that resident's; return how many had not ended yet."""
        ended = Sessions(tx).mark_ended(sids, now, of_resident=of_resident)
        consequence = _CONSEQUENCES[end_reason]
        self._record(tx, ended, consequence, now, client_id=client_id, ip_address=ip_address, **details)
        self._account_events.publish(tx, *_ends(ended, consequence))
        return len(ended)

    def end_all(
        self,
        tx: Transaction,
        resident_id: str,
        end_reason: EndReason,
        now: datetime,
        *,
        except_sid: str | None = None,
        ip_address: str | None = None,
        **details: str,
    ) -> int:
        """End every session of the resident but `except_sid`; return how many had not ended yet."""
        ended = Sessions(tx).mark_all_ended(resident_id, now, except_sid=except_sid)
        consequence = _CONSEQUENCES[end_reason]
        self._record(tx, ended, consequence, now, ip_address=ip_address, **details)
        events = _ends(ended, consequence)
        if consequence.removes_access:
            events.append(AllAccessRemoved(resident_id, consequence.removes_access))
        self._account_events.publish(tx, *events)
        return len(ended)

    def _continue(self, tx: Transaction, proof: Proof, now: datetime) -> SignedInSession | None:
        current = proof.current
        if current is None or current.resident_id != proof.resident_id:
            return None
        if proof.remember_me and not current.remembered:
            return None
        secret = Sessions(tx).replace_secret(current.sid, now)
        return SignedInSession(current.sid, secret, current.remembered, has_begun=False) if secret else None

    def _begin(self, tx: Transaction, proof: Proof, now: datetime) -> SignedInSession:
        new = Sessions(tx).insert_session(
            resident_id=proof.resident_id,
            amr=proof.amr,
            remembered=proof.remember_me,
            now=now,
            user_agent=proof.user_agent,
            ip_address=proof.ip_address,
            new_device=proof.is_new_device,
        )
        return SignedInSession(new.sid, new.secret, proof.remember_me, has_begun=True)

    def _record(
        self,
        tx: Transaction,
        ended: Collection[EndedSession],
        consequence: _Consequence,
        now: datetime,
        *,
        client_id: str | None = None,
        ip_address: str | None = None,
        **details: str,
    ) -> None:
        by = {"by": consequence.by} if consequence.by else {}
        for session in ended:
            Audit(tx).record(
                consequence.event,
                now,
                resident_id=session.resident_id,
                client_id=client_id,
                session_id=session.sid,
                ip_address=ip_address,
                **by,
                **details,
            )


def _ends(ended: Collection[EndedSession], consequence: _Consequence) -> list[AccountEvent]:
    """Return what is published, once all sessions have ended.

    Subscribers lock the rows of receivers: a transaction that holds those and waits for a session's row could
    wait for another that holds that row and waits for a receiver's.
    """
    return [SessionEnded(each.resident_id, each.sid, consequence.initiator) for each in ended]
