"""What is done when a former secret of a session is used: the session ends, and the resident is told."""

from identity.clock import Clock
from identity.continuation import Continuation
from identity.mail.messages import browser_signed_out
from identity.mail.queue import MailQueue
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.residents.sessions.lifecycle import EndReason, SessionLifecycle
from identity.residents.sessions.store import ReplayedSession
from identity.storage import Storage
from identity.web.browsers import browser_and_system
from identity.web.mail_links import MailLinks
from identity.web.visitor import Visitor


class ReplayedSessions:
    """Ends them, in a transaction of its own."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        sessions: SessionLifecycle,
        mail_queue: MailQueue,
        mail_links: MailLinks,
    ) -> None:
        self._storage, self._clock, self._sessions = storage, clock, sessions
        self._mail_queue, self._mail_links = mail_queue, mail_links

    def end(self, replayed: ReplayedSession, visitor: Visitor) -> None:
        """End the session for both browsers that have its cookie; mail the resident once."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            ended = self._sessions.end(
                tx, [replayed.sid], EndReason.SECRET_REPLAYED, now, ip_address=visitor.ip_address
            )
            resident = Accounts(tx).get(replayed.resident_id)
            if not ended or resident is None:
                return
            browser, system = browser_and_system(replayed.user_agent)
            by_password = resident.sign_in_method == SignInMethod.PASSWORD
            continuation = Continuation(city_id=resident.city_id or "")
            mail = browser_signed_out(
                recipient_of(resident, resident.city_id),
                browser=browser,
                system=system,
                provider="" if by_password else resident.sign_in_method,
                reset_link=self._mail_links.to("/forgot-password", continuation),
            )
            self._mail_queue.send(tx, mail)
