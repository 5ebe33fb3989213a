"""The verb "Reset your password", by the mailed link."""

from dataclasses import dataclass

from identity.account_events import AccountEvents, PasswordChanged
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.journeys.recovery.mail import RecoveryMail
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.lockout.store import Lockout
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.storage import Storage
from identity.web.continuation import Continuation, Continuations
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class ResetLink:
    """A link as it stands; the address is empty unless the link is good."""

    status: LinkStatus
    email: str = ""
    continuation: Continuation | None = None
    # What is wrong with the new password; the link stays good.
    problems: tuple[PasswordProblem, ...] = ()
    is_done: bool = False


class ResetPassword:
    """Sets a new password."""

    def __init__(  # noqa: PLR0913 - names what it depends on
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        continuations: Continuations,
        mail: RecoveryMail,
        sessions: SessionLifecycle,
        account_events: AccountEvents,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._continuations = continuations
        self._mail = mail
        self._sessions = sessions
        self._account_events = account_events

    def look(self, token: str) -> ResetLink:
        """Tell what the link is good for. Changes nothing: mail scanners open links too."""
        return self._look(token)[0]

    def reset(  # noqa: PLR0913 - the form, and where it was filled in
        self,
        token: str,
        password: str,
        *,
        sign_out_others: bool,
        current_sid: str | None,
        city_name: str,
        visitor: Visitor,
    ) -> ResetLink:
        """Set the password, clear the lock, and end the resident's other sessions if so wished.

        Nobody is signed in by it. The link is spent only together with the deed.
        """
        seen, resident = self._look(token)
        if resident is None:
            return seen
        context = [resident.email or "", resident.given_name, resident.family_name, city_name]
        if problems := self._policy.problems(password, context):
            return ResetLink(seen.status, seen.email, seen.continuation, tuple(problems))
        password_hash = self._hasher.hash(password)
        now = self._clock.now()
        with self._storage.transaction() as tx:
            claimed = ActionLinks(tx).claim(token, Purpose.RESET_PASSWORD, now)
            if claimed.status is not LinkStatus.VALID:
                return ResetLink(claimed.status, continuation=seen.continuation)
            Passwords(tx).set(resident.id, password_hash, now)
            self._account_events.publish(tx, PasswordChanged(resident.id))
            if resident.email_key:
                Lockout(tx, self._secret_keys).clear(resident.email_key)
            # An unlock link mailed before would lift a lock that is still to come.
            ActionLinks(tx).spend_all(Purpose.UNLOCK, resident.id, now)
            if sign_out_others:
                self._sessions.end_all(
                    tx,
                    resident.id,
                    EndReason.PASSWORD_RESET,
                    now,
                    except_sid=current_sid,
                    ip_address=visitor.ip_address,
                )
            self._mail.password_changed(tx, resident, seen.continuation or Continuation())
            Audit(tx).record(
                Event.PASSWORD_CHANGED,
                now,
                resident_id=resident.id,
                ip_address=visitor.ip_address,
                by="reset",
            )
        return ResetLink(LinkStatus.VALID, seen.email, seen.continuation, is_done=True)

    def _look(self, token: str) -> tuple[ResetLink, Resident | None]:
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).look(token, Purpose.RESET_PASSWORD, self._clock.now())
            continuation = self._continuations.read(link.continuation) if link.continuation else None
            if link.status is not LinkStatus.VALID:
                return ResetLink(link.status, continuation=continuation), None
            resident = Accounts(tx).get(link.subject)
            if resident is None or resident.disabled_at is not None:
                return ResetLink(LinkStatus.UNKNOWN, continuation=continuation), None
        return ResetLink(link.status, resident.email or "", continuation), resident
