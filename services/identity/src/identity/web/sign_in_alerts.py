"""The mail about a sign-in in a browser in which the resident was never seen (ASVS 5.0 6.3.5)."""

from datetime import datetime, timedelta
from ipaddress import IPv4Address

from identity.continuation import Continuation
from identity.mail.messages import new_sign_in
from identity.mail.queue import MailQueue
from identity.rate_limits.networks import read_address
from identity.residents.accounts.models import Resident
from identity.residents.accounts.recipient import recipient_of
from identity.residents.action_links.purposes import Purpose
from identity.residents.sessions.lifecycle import Proof, SignedInSession
from identity.residents.sessions.store import Sessions
from identity.storage import Transaction
from identity.web.browsers import browser_and_system
from identity.web.mail_links import MailLinks

# Who has just registered knows that they sign in.
_YOUNG = timedelta(minutes=15)
# More in a day say nothing new. Only a right password, or the provider, makes one.
_MOST_A_DAY = 5
_DAY = timedelta(days=1)


class SignInAlerts:
    """Queues the mail in the transaction in which the session begins."""

    def __init__(self, mail_queue: MailQueue, mail_links: MailLinks) -> None:
        self._mail_queue, self._mail_links = mail_queue, mail_links

    def mail_if_new(
        self,
        tx: Transaction,
        resident: Resident,
        proof: Proof,
        session: SignedInSession,
        continuation: Continuation,
        now: datetime,
    ) -> None:
        """Tell the resident, with a link for "This wasn't me", unless it is no news."""
        is_news = proof.is_new_device and session.has_begun and now >= resident.created_at + _YOUNG
        if not is_news or not resident.email:
            return
        if Sessions(tx).count_new_devices(resident.id, now - _DAY) > _MOST_A_DAY:
            return
        browser, system = browser_and_system(proof.user_agent)
        link = self._mail_links.issue(tx, Purpose.REPORT_SIGN_IN, session.sid, continuation, now)
        mail = new_sign_in(
            recipient_of(resident, continuation.city_id),
            browser=browser,
            system=system,
            network=_approximate(proof.ip_address),
            link=link,
        )
        self._mail_queue.send(tx, mail)


def _approximate(ip_address: str) -> str:
    """Return about where the visitor came from: an address without its last part; empty if it is none."""
    address = read_address(ip_address)
    if address is None:
        return ""
    if isinstance(address, IPv4Address):
        return ".".join([*str(address).split(".")[:3], "*"])
    return ":".join([*address.exploded.split(":")[:4], "*"])
