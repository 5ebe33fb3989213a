"""The verbs about one resident's account: show, disable, enable, end the sessions, delete.

Each is one transaction, safe to repeat, and finds the resident by e-mail address or `sub`. A reason is free
text of 1 to 200 characters for the audit, without personal data.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from identity.account_events import AccountDisabled, AccountEvents
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.mail.store import RefusedAddresses
from identity.resident_deletion import ResidentDeletion
from identity.residents.accounts.addresses import InvalidAddressError, parse
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.lockout.store import Lockout, Status
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.residents.sessions.store import Sessions
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction

_SUB = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Who did it, in the audit.
_BY = "staff"


@dataclass(frozen=True)
class ResidentRecord:
    """A resident as staff see them. Holds personal data, and no secret."""

    sub: str
    # As typed; None where a provider gave none.
    email: str | None
    email_verified: bool
    given_name: str
    family_name: str
    # `password`, `google`, …
    sign_in_method: str
    created_at: datetime
    disabled_at: datetime | None
    live_sessions: int
    # None: never.
    last_sign_in_at: datetime | None
    # Of the origin that is worst off: `wait` may concern a stranger who guesses, and not the resident.
    lockout: Status
    # Why the mail server took no mail for this address lately: its codes, such as `550 5.1.1`, and the time.
    # None: it did, or no mail was sent.
    mail_refused: str | None


@dataclass(frozen=True)
class UnknownResident:
    """No resident has this address or `sub`."""

    # Of an address that mail was sent to, such as one that is mistyped: see `ResidentRecord`.
    mail_refused: str | None = None


@dataclass(frozen=True)
class ResidentDisabled:
    """The resident cannot sign in, and every session and token has ended."""

    sub: str
    sessions_ended: int


@dataclass(frozen=True)
class AlreadyDisabled:
    """Nothing to do: the resident was disabled before."""

    sub: str


@dataclass(frozen=True)
class ResidentEnabled:
    """The resident can sign in again; what ended stays ended."""

    sub: str


@dataclass(frozen=True)
class NotDisabled:
    """Nothing to do: the resident is not disabled."""

    sub: str


@dataclass(frozen=True)
class SessionsEnded:
    """The resident is signed out on every device; offline access that they granted stays."""

    sub: str
    # 0: there was nothing to do.
    sessions_ended: int


@dataclass(frozen=True)
class ResidentDeleted:
    """The account is gone for good."""

    sub: str
    sessions_ended: int


class ResidentAdministration:
    """Looks at residents' accounts and changes them."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        sessions: SessionLifecycle,
        deletion: ResidentDeletion,
        account_events: AccountEvents,
    ) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._sessions, self._deletion, self._account_events = sessions, deletion, account_events

    def show(self, email_or_sub: str) -> ResidentRecord | UnknownResident:
        """Return the resident's account."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            resident = _find_resident(tx, email_or_sub)
            if resident is None:
                return UnknownResident(_refusal(tx, _key(email_or_sub)))
            lockout, status = Lockout(tx, self._secret_keys), Status.OPEN
            if resident.email_key:
                status = lockout.worst_status(resident.email_key, now)
            return ResidentRecord(
                sub=resident.id,
                email=resident.email,
                email_verified=resident.email_verified_at is not None,
                given_name=resident.given_name,
                family_name=resident.family_name,
                sign_in_method=resident.sign_in_method,
                created_at=resident.created_at,
                disabled_at=resident.disabled_at,
                live_sessions=len(Sessions(tx).list_live_sessions(resident.id, now)),
                last_sign_in_at=Audit(tx).last_recorded(Event.SIGN_IN_SUCCEEDED, resident.id),
                lockout=status,
                mail_refused=_refusal(tx, resident.email_key),
            )

    def disable(self, email_or_sub: str, reason: str) -> ResidentDisabled | AlreadyDisabled | UnknownResident:
        """Refuse every sign-in from now on, and end every session and all access of clients."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            resident = _find_resident(tx, email_or_sub)
            if resident is None:
                return UnknownResident()
            if not Accounts(tx).disable_resident(resident.id, now):
                return AlreadyDisabled(resident.id)
            ended = self._sessions.end_all(tx, resident.id, EndReason.DISABLED, now, reason=reason)
            self._account_events.publish(tx, AccountDisabled(resident.id))
            Audit(tx).record(Event.RESIDENT_DISABLED, now, resident_id=resident.id, by=_BY, reason=reason)
            return ResidentDisabled(resident.id, ended)

    def enable(self, email_or_sub: str, reason: str) -> ResidentEnabled | NotDisabled | UnknownResident:
        """Let a disabled resident sign in again."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            resident = _find_resident(tx, email_or_sub)
            if resident is None:
                return UnknownResident()
            if not Accounts(tx).enable_resident(resident.id):
                return NotDisabled(resident.id)
            # A sign-in whose password was being checked while the account was disabled began a session after
            # the others had ended. It was refused so far.
            self._sessions.end_all(tx, resident.id, EndReason.DISABLED, now, reason=reason)
            Audit(tx).record(Event.RESIDENT_ENABLED, now, resident_id=resident.id, by=_BY, reason=reason)
            return ResidentEnabled(resident.id)

    def end_sessions(self, email_or_sub: str, reason: str) -> SessionsEnded | UnknownResident:
        """Sign the resident out on every device."""
        with self._storage.transaction() as tx:
            resident = _find_resident(tx, email_or_sub)
            if resident is None:
                return UnknownResident()
            ended = self._sessions.end_all(
                tx, resident.id, EndReason.ENDED_BY_STAFF, self._clock.now(), reason=reason
            )
            return SessionsEnded(resident.id, ended)

    def delete(self, email_or_sub: str, reason: str) -> ResidentDeleted | UnknownResident:
        """Delete the account with all that is the resident's alone; the `sub` is never used again."""
        with self._storage.transaction() as tx:
            resident = _find_resident(tx, email_or_sub)
            if resident is None:
                return UnknownResident()
            ended = self._deletion.delete_resident(
                tx, resident, EndReason.DELETED_BY_STAFF, self._clock.now(), by=_BY, reason=reason
            )
            return ResidentDeleted(resident.id, ended)


def _refusal(tx: Transaction, address_key: str | None) -> str | None:
    found = RefusedAddresses(tx).find_refusal(address_key) if address_key else None
    return f"{found.reply} at {found.refused_at:%Y-%m-%d %H:%M} UTC" if found else None


def _find_resident(tx: Transaction, email_or_sub: str) -> Resident | None:
    if "@" not in email_or_sub:
        # What cannot be an identifier never reaches the database, which might not be able to hold it.
        return Accounts(tx).get(email_or_sub) if _SUB.fullmatch(email_or_sub) else None
    key = _key(email_or_sub)
    return Accounts(tx).by_email_key(key) if key else None


def _key(email_or_sub: str) -> str | None:
    """Return the key of an address; None of what is none."""
    try:
        return parse(email_or_sub).key
    except InvalidAddressError:
        return None
