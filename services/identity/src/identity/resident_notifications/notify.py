"""The verb: a service notifies a resident."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.mail import messages
from identity.mail.messages import Mail
from identity.mail.queue import MailQueue
from identity.rate_limits.mail_budget import Asker, MailBudget, Topic
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredResource
from identity.relying_parties.store import Clients
from identity.resident_notifications.store import Notices
from identity.residents.accounts.models import Resident
from identity.residents.accounts.recipient import recipient_of
from identity.residents.accounts.store import Accounts
from identity.storage import Storage, Transaction

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:~-]{1,64}")
# Short: the end of an account number as printed, with no room for a message of the sender's, or a link.
_ACCOUNT_ENDING = re.compile(r"(?=.{1,8}\Z)[A-Za-z0-9]+(?:[ -][A-Za-z0-9]+|\.[0-9]+)*")


class Kind(StrEnum):
    """The subject of a notice."""

    UTILITY_ACCOUNT_LINKED = "utility_account_linked"
    UTILITY_ACCOUNT_AUTO_LINKED = "utility_account_auto_linked"
    UTILITY_ACCOUNT_LINKED_BY_OTHER = "utility_account_linked_by_other"
    UTILITY_ACCOUNT_UNLINKED = "utility_account_unlinked"


class InvalidNoticeError(Exception):
    """The notice is malformed; `field` is the member at fault."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Notice:
    """One notice whose form was checked."""

    id: str
    resident_id: str
    kind: Kind
    city_id: str
    # The last digits of the utility account's number.
    account_ending: str
    # The last day on which an auto-link can be undone; None for other kinds.
    undo_until: date | None


class Outcome(StrEnum):
    """The outcome of a notice."""

    # A mail is queued; or none, since the notice was accepted before, or the resident has no address or is
    # disabled.
    ACCEPTED = "accepted"
    UNKNOWN_RESIDENT = "unknown_resident"


def read(document: object) -> Notice:
    """Return the notice in a JSON document; raises `InvalidNoticeError`. Unknown members are ignored."""
    if not isinstance(document, dict):
        raise InvalidNoticeError("")
    details = document.get("details")
    if not isinstance(details, dict):
        raise InvalidNoticeError("details")
    kind = document.get("kind")
    if kind not in list(Kind):
        raise InvalidNoticeError("kind")
    return Notice(
        id=_matching(_IDENTIFIER, document.get("id"), "id"),
        resident_id=_matching(_IDENTIFIER, document.get("sub"), "sub"),
        kind=Kind(kind),
        city_id=_matching(_IDENTIFIER, document.get("city"), "city"),
        account_ending=_matching(_ACCOUNT_ENDING, details.get("account_ending"), "details.account_ending"),
        undo_until=_day(details.get("undo_until"), "details.undo_until"),
    )


class NotifyResident:
    """Accepts each notice once, in one transaction with its mail."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        mail_queue: MailQueue,
        mail_budget: MailBudget,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._relying_parties = relying_parties
        self._mail_queue = mail_queue
        self._mail_budget = mail_budget

    def notify(self, sender: RegisteredResource, notice: Notice) -> Outcome:
        """Queue the mail of the notice; raises `InvalidNoticeError` for an unknown city."""
        if self._relying_parties.city(notice.city_id) is None:
            raise InvalidNoticeError("city")
        now = self._clock.now()
        with self._storage.transaction() as tx:
            resident = Accounts(tx).get(notice.resident_id)
            if resident is None:
                return Outcome.UNKNOWN_RESIDENT
            if not Notices(tx).claim_notice(sender.id, notice.id, now):
                return Outcome.ACCEPTED
            Audit(tx).record(
                Event.NOTICE_ACCEPTED,
                now,
                resident_id=resident.id,
                resource=sender.id,
                kind=notice.kind.value,
                notice=notice.id,
            )
            if resident.disabled_at is None:
                portal_link = Clients(tx).find_initiate_login_uri(sender.id, notice.city_id)
                self._send(tx, resident, notice, _mail(resident, notice, portal_link))
            return Outcome.ACCEPTED

    def _send(self, tx: Transaction, resident: Resident, notice: Notice, mail: Mail) -> None:
        """Queue the mail; what another resident did a hundred times is mailed a few times."""
        if notice.kind is Kind.UTILITY_ACCOUNT_LINKED_BY_OTHER and resident.email_key:
            asker, now = Asker(ip_address=""), self._clock.now()
            place = self._mail_budget.claim_place(tx, Topic.NOTICE, resident.email_key, asker, now)
            self._mail_queue.send_requested(tx, mail, place)
        else:
            self._mail_queue.send(tx, mail)


def _mail(resident: Resident, notice: Notice, portal_link: str) -> Mail:
    to, account_ending = recipient_of(resident, notice.city_id), notice.account_ending
    match notice.kind:
        case Kind.UTILITY_ACCOUNT_LINKED:
            return messages.utility_account_linked(to, account_ending=account_ending, portal_link=portal_link)
        case Kind.UTILITY_ACCOUNT_AUTO_LINKED:
            return messages.utility_account_auto_linked(
                to, account_ending=account_ending, undo_until=notice.undo_until, portal_link=portal_link
            )
        case Kind.UTILITY_ACCOUNT_LINKED_BY_OTHER:
            return messages.utility_account_linked_by_other(
                to, account_ending=account_ending, portal_link=portal_link
            )
        case Kind.UTILITY_ACCOUNT_UNLINKED:
            return messages.utility_account_unlinked(
                to, account_ending=account_ending, portal_link=portal_link
            )


def _matching(pattern: re.Pattern[str], value: object, field: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidNoticeError(field)
    return value


def _day(value: object, field: str) -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InvalidNoticeError(field) from None
