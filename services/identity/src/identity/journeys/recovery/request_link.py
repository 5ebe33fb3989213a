"""The verbs "Forgot password?" and "Unlock account?": one mail each, and one answer for every address."""

from dataclasses import dataclass

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.journeys.recovery.mail import RecoveryMail, signs_in_by_password
from identity.rate_limits.limiter import RateLimiter
from identity.residents.accounts.addresses import Address
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.lockout import origins
from identity.residents.lockout.store import Lockout, Status
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction
from identity.web.continuation import Continuation
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class Request:
    """Who asks for help with which address."""

    address: Address
    # BCP 47, of the page: for an address whose owner we do not know.
    language: str
    continuation: Continuation
    visitor: Visitor


class RequestRecoveryLink:
    """Mails the owner of an address what helps them in."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        rate_limiter: RateLimiter,
        mail: RecoveryMail,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._mail = mail

    def forgot_password(self, request: Request) -> bool:
        """Mail the link to choose a new password, or what applies instead; False if mailed too often."""
        return self._help(request, Event.PASSWORD_RESET_REQUESTED, Purpose.RESET_PASSWORD)

    def unlock_account(self, request: Request) -> bool:
        """Mail the link that unlocks, or what applies instead; False if mailed too often."""
        return self._help(request, Event.UNLOCK_REQUESTED, Purpose.UNLOCK)

    def _help(self, request: Request, event: Event, purpose: Purpose) -> bool:
        if not self._rate_limiter.allows_mail(request.address.key, request.visitor.ip_address):
            return False
        with self._storage.transaction() as tx:
            resident = Accounts(tx).by_email_key(request.address.key)
            if resident is None or resident.disabled_at is not None:
                self._mail.no_account(tx, request.address, request.language, request.continuation)
            elif not signs_in_by_password(resident):
                self._mail.other_method(tx, resident, request.continuation)
            elif purpose is Purpose.UNLOCK:
                self._unlock(tx, resident, request)
            else:
                self._mail.link(tx, resident, request.continuation, purpose)
            Audit(tx).record(
                event,
                self._clock.now(),
                resident_id=resident.id if resident else None,
                client_id=request.continuation.client_id or None,
                ip_address=request.visitor.ip_address,
            )
        return True

    def _unlock(self, tx: Transaction, resident: Resident, request: Request) -> None:
        lockout = Lockout(tx, self._secret_keys)
        now = self._clock.now()
        if not lockout.is_locked(request.address.key, now):
            self._mail.not_locked(tx, resident, request.continuation)
            return
        origin = origins.network(request.visitor.ip_address)
        stopped = lockout.state(request.address.key, origin, now).status is Status.STOPPED
        # After a hundred failures only a new password helps (NIST SP 800-63B-4 §3.2.2).
        purpose = Purpose.RESET_PASSWORD if stopped else Purpose.UNLOCK
        self._mail.link(tx, resident, request.continuation, purpose)
