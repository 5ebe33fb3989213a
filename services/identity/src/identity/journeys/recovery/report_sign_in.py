"""The verb "This wasn't me", by the link of the mail about a sign-in in a browser never seen before."""

from dataclasses import dataclass
from datetime import datetime

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.continuation import Continuation, Continuations
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkState, LinkStatus
from identity.residents.passwords.store import Passwords
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.residents.sessions.store import Sessions, SignInRecord
from identity.storage import Storage
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class ReportableSignIn:
    """A link that works, and the sign-in that it is about. Holds personal data."""

    resident: Resident
    at: datetime
    # As the browser named itself.
    user_agent: str
    continuation: Continuation

    @property
    def has_password(self) -> bool:
        """Whether the resident signs in with a password, and not through a provider."""
        return self.resident.sign_in_method == SignInMethod.PASSWORD


@dataclass(frozen=True)
class InvalidReportLink:
    """A link that was spent, has expired, or is unknown; or its resident is disabled or gone."""

    # None for an unknown link.
    continuation: Continuation | None


@dataclass(frozen=True)
class SignInReported:
    """Every session has ended, and what let a stranger in lets them in no more."""

    sign_in: ReportableSignIn


class ReportSignIn:
    """Shuts out a person who signed in as a resident."""

    def __init__(
        self, storage: Storage, clock: Clock, continuations: Continuations, sessions: SessionLifecycle
    ) -> None:
        self._storage, self._clock = storage, clock
        self._continuations, self._sessions = continuations, sessions

    def find_link(self, token: str) -> ReportableSignIn | InvalidReportLink:
        """Return the sign-in that the link is about. Changes nothing: mail scanners open links too."""
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).find_link(token, Purpose.REPORT_SIGN_IN, self._clock.now())
            sign_in = Sessions(tx).find_sign_in(link.subject)
            resident = Accounts(tx).get(sign_in.resident_id) if sign_in else None
            return self._reportable(link, sign_in, resident)

    def report(self, token: str, visitor: Visitor) -> SignInReported | InvalidReportLink:
        """End every session, all access of websites, the known devices and the password."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            link = ActionLinks(tx).claim_link(token, Purpose.REPORT_SIGN_IN, now)
            begun = Sessions(tx).find_sign_in(link.subject)
            # Held: a sign-in under way with the password comes before, or finds none.
            held = Accounts(tx).hold_active(begun.resident_id) if begun else None
            sign_in = self._reportable(link, begun, held)
            if isinstance(sign_in, InvalidReportLink):
                return sign_in
            resident = sign_in.resident
            # A person who knows it would be back at once; the link "Forgot password?" sets another.
            Passwords(tx).remove_password(resident.id)
            Accounts(tx).forget_devices(resident.id)
            self._sessions.end_all(
                tx, resident.id, EndReason.SIGN_IN_REPORTED, now, ip_address=visitor.ip_address
            )
            Audit(tx).record(
                Event.SIGN_IN_REPORTED,
                now,
                resident_id=resident.id,
                session_id=link.subject,
                ip_address=visitor.ip_address,
            )
            return SignInReported(sign_in)

    def _reportable(
        self, link: LinkState, sign_in: SignInRecord | None, resident: Resident | None
    ) -> ReportableSignIn | InvalidReportLink:
        continuation = self._continuations.read(link.continuation) if link.continuation else None
        is_active = resident is not None and resident.disabled_at is None
        if link.status is not LinkStatus.VALID or sign_in is None or resident is None or not is_active:
            return InvalidReportLink(continuation)
        return ReportableSignIn(resident, sign_in.at, sign_in.user_agent, continuation or Continuation())
