"""The verb "Reset your password", by the mailed link."""

from dataclasses import dataclass

from identity.account_events import AccountEvents, PasswordChanged
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.mail.messages import password_changed
from identity.mail.queue import MailQueue
from identity.residents.accounts.models import Resident
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.lockout.store import Lockout
from identity.residents.passwords.hashing import PasswordHasher
from identity.residents.passwords.policy import PasswordPolicy, PasswordProblem
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.mail_links import MailLinks
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class ValidLink:
    """A link that works. Holds personal data."""

    resident: Resident
    continuation: Continuation

    @property
    def email(self) -> str:
        """Return the address whose password it resets."""
        return self.resident.email or ""


@dataclass(frozen=True)
class InvalidLink:
    """A link that was spent, has expired, or is unknown; or its resident is disabled or gone."""

    # None for an unknown link.
    continuation: Continuation | None


@dataclass(frozen=True)
class WeakPassword:
    """The password is not accepted; nothing was written, and the link still works."""

    link: ValidLink
    problems: list[PasswordProblem]


@dataclass(frozen=True)
class PasswordReset:
    """The password is set, and the link is spent."""

    link: ValidLink


class ResetPassword:
    """Sets a new password."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        continuations: Continuations,
        mail_queue: MailQueue,
        mail_links: MailLinks,
        sessions: SessionLifecycle,
        account_events: AccountEvents,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._hasher = hasher
        self._policy = policy
        self._continuations = continuations
        self._mail_queue = mail_queue
        self._mail_links = mail_links
        self._sessions = sessions
        self._account_events = account_events

    def find_link(self, token: str) -> ValidLink | InvalidLink:
        """Return whether the link works. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, Purpose.RESET_PASSWORD, self._clock.now())
            continuation = self._continuations.read(link.continuation) if link.continuation else None
            resident = Accounts(tx).get(link.subject) if link.status is LinkStatus.VALID else None
        if resident is None or resident.disabled_at is not None:
            return InvalidLink(continuation)
        return ValidLink(resident, continuation or Continuation())

    def reset(
        self,
        token: str,
        password: str,
        *,
        sign_out_others: bool,
        current_sid: str | None,
        city_name: str,
        visitor: Visitor,
    ) -> PasswordReset | WeakPassword | InvalidLink:
        """Set the password and end the lockout and, with `sign_out_others`, all sessions but `current_sid`.

        The link is spent in the same transaction; no session begins.
        """
        link = self.find_link(token)
        if isinstance(link, InvalidLink):
            return link
        resident = link.resident
        context = [resident.email or "", resident.given_name, resident.family_name, city_name]
        if problems := self._policy.problems(password, context):
            return WeakPassword(link, problems)
        password_hash = self._hasher.hash(password)
        now = self._clock.now()
        with self._storage.transaction() as tx:
            # A sign-in under way with the password before has begun its session by now, or never will.
            held = Accounts(tx).hold_active(resident.id)
            claimed = ActionLinks(tx).claim_link(token, Purpose.RESET_PASSWORD, now)
            if held is None or claimed.status is not LinkStatus.VALID:
                return InvalidLink(link.continuation)
            Passwords(tx).set_password(resident.id, password_hash, now)
            # A browser that knew the password before is as a stranger's now.
            Accounts(tx).forget_devices(resident.id)
            if resident.email_key:
                Lockout(tx, self._secret_keys).clear_failures(resident.email_key)
            # An unlock link mailed before would end a lockout that begins later.
            ActionLinks(tx).spend_links(Purpose.UNLOCK, resident.id, now)
            self._account_events.publish(tx, PasswordChanged(resident.id))
            if sign_out_others:
                self._sessions.end_all(
                    tx,
                    resident.id,
                    EndReason.PASSWORD_RESET,
                    now,
                    except_sid=current_sid,
                    ip_address=visitor.ip_address,
                )
            self._mail_change(tx, link)
            Audit(tx).record(
                Event.PASSWORD_CHANGED,
                now,
                resident_id=resident.id,
                ip_address=visitor.ip_address,
                by="reset",
            )
        return PasswordReset(link)

    def _mail_change(self, tx: Transaction, link: ValidLink) -> None:
        to = recipient_of(link.resident, link.continuation.city_id)
        reset_link = self._mail_links.to("/forgot-password", link.continuation)
        self._mail_queue.send(tx, password_changed(to, reset_link=reset_link))
