"""How many mails a stranger can cause to one address, and the owner's way past it (docs/decisions/0063).

Every mail that is sent because an address was typed takes a place first, in the transaction that queues it.
Whether it got one is never shown on a page. Addresses without an account are counted alike.

- A device on which the owner has signed in has places of its own (`DEVICE_PLACES`).
- Else, while the newest mail of a topic serves, no other is sent, except one to a network that has not asked
  within a day, while fewer than `NEW_NETWORK_PLACES` mails were sent.
- Each mail in a row serves longer than the one before, and its link works longer than it serves. So a mailbox
  always holds a link that works, however many ask, and the number of mails does not grow with them: within a
  day `NEW_NETWORK_PLACES`, and then one for each topic.
- The mailbox's reader can stop what strangers cause, by the link in each of these mails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from identity.rate_limits.networks import network_of
from identity.rate_limits.store import MailAllowances, RequestCounts
from identity.secret_keys import DecryptionError, SecretKeys
from identity.storage import Executor

DAY = timedelta(days=1)
DEVICE_PLACES = 5
NEW_NETWORK_PLACES = 5
STOPPED_FOR = timedelta(days=7)
# The link in a mail stops mails for this long: later the address may have another owner.
_STOP_LINK_WORKS_DAYS = 30
_STOP_PURPOSE = "stop"
# A stranger with a block of addresses is one stranger, as in `residents.lockout.origins`.
_IPV4_PREFIX = 24
# How long a link works after its mail has stopped serving: time to find the mail and use it.
_MARGIN = timedelta(minutes=10)


class Topic(StrEnum):
    """What a mail is about. Those of one topic serve in place of one another."""

    # A link to choose a new password, or what applies instead.
    RECOVERY = "recovery"
    UNLOCK = "unlock"
    # A link and a code that verify the address.
    VERIFICATION = "verification"
    # What the owner should know: wrong passwords, or what another resident did.
    NOTICE = "notice"


# By topic, how long the first, second, … mail of a row serves; the last one repeats. The longest is less than
# a day by the margin: a link in a mail works for at most a day (NIST SP 800-63B-4 §4.2.1.2).
_LONGEST = DAY - _MARGIN
_RECOVERY = (timedelta(minutes=20), timedelta(minutes=50), timedelta(minutes=170), _LONGEST)
_SERVES = {
    Topic.RECOVERY: _RECOVERY,
    Topic.UNLOCK: _RECOVERY,
    # A mail serves one registration, and a resident may begin anew at once; a code lives ten minutes.
    Topic.VERIFICATION: (timedelta(0), timedelta(minutes=1), timedelta(minutes=10), _LONGEST),
    Topic.NOTICE: (timedelta(hours=1), timedelta(hours=3), _LONGEST),
}


@dataclass(frozen=True)
class Asker:
    """Who asks for a mail. Personal data."""

    # Empty where no visitor asks, as with a notice of another service.
    ip_address: str
    # The owner of the address has signed in with this browser.
    is_known_device: bool = False


@dataclass(frozen=True)
class Place:
    """Whether a mail may be sent. What is done for it is done alike without a place, and then thrown away."""

    is_granted: bool
    # How long a link for recovery works that is mailed in it.
    link_lifetime: timedelta
    # The URL of the page that stops such mails; a secret.
    stop_link: str


@dataclass(frozen=True)
class StopLink:
    """The address of a link that stops mails, and the end of the stop if there is one. Personal data."""

    address_key: str
    stopped_until: datetime | None


class MailBudget:
    """Grants places, and stops them at the owner's wish. Addresses are given as `Address.key`."""

    def __init__(self, secret_keys: SecretKeys, stop_link: Callable[[str], str]) -> None:
        """Take what makes the URL of the page that stops mails, of a token of at most 500 characters."""
        self._secret_keys, self._stop_link = secret_keys, stop_link

    def claim_place(
        self,
        executor: Executor,
        topic: Topic,
        address_key: str,
        asker: Asker,
        now: datetime,
        *,
        is_wanted: bool = True,
    ) -> Place:
        """Take a place in the caller's transaction, which queues the mail.

        Without `is_wanted` the same statements change what nothing reads, and no place is granted: so a mail
        that only some addresses get costs the same for all.
        """
        address = self._row(executor, "mails" if is_wanted else "no mails", address_key)
        counts = RequestCounts(executor)
        if asker.is_known_device:
            used = counts.count_request("mail_device", address, DAY, now).requests
            if used <= DEVICE_PLACES:
                return self._place(address_key, 1, now, is_granted=is_wanted)
        mails = MailAllowances(executor).count_mail(
            address,
            topic.value,
            serves=_SERVES[topic],
            # A network is new once a day; without one there is no exception.
            most=NEW_NETWORK_PLACES if self._is_new(counts, address, asker, now) else 0,
            lasts=DAY,
            now=now,
        )
        return self._place(address_key, mails or 1, now, is_granted=is_wanted and mails is not None)

    def read_stop_link(self, executor: Executor, token: str, now: datetime) -> StopLink | None:
        """Return the address of a link; None for a made-up or an old one. Changes nothing."""
        address_key = self._address_of(token, now)
        if address_key is None:
            return None
        until = MailAllowances(executor).stopped_until(self._row(executor, "mails", address_key))
        return StopLink(address_key, until if until and until > now else None)

    def stop(self, executor: Executor, address_key: str, now: datetime) -> datetime:
        """Grant strangers no place for a week; return its end. Devices of the owner's keep theirs."""
        until = now + STOPPED_FOR
        MailAllowances(executor).stop(self._row(executor, "mails", address_key), until)
        return until

    def resume(self, executor: Executor, address_key: str) -> None:
        """End the stop, and begin to count anew."""
        MailAllowances(executor).forget(self._row(executor, "mails", address_key))

    def _is_new(self, counts: RequestCounts, address: str, asker: Asker, now: datetime) -> bool:
        network = network_of(asker.ip_address, ipv4_prefix=_IPV4_PREFIX)
        both = self._secret_keys.keyed_digest("mails from a network", f"{address} {network}")
        return counts.count_request("mail_network", both, DAY, now).requests == 1 and bool(asker.ip_address)

    def _place(self, address_key: str, mails: int, now: datetime, *, is_granted: bool) -> Place:
        lifetime = _RECOVERY[min(mails, len(_RECOVERY)) - 1] + _MARGIN
        token = self._secret_keys.encrypt(f"{_STOP_PURPOSE} {now.date().toordinal()} {address_key}")
        return Place(is_granted, lifetime, self._stop_link(token.rstrip("=")))

    def _address_of(self, token: str, now: datetime) -> str | None:
        try:
            padded = token + "=" * (-len(token) % 4)
            purpose, day, address_key = self._secret_keys.decrypt(padded).split(" ", 2)
        except (DecryptionError, ValueError):
            return None
        age = now.date().toordinal() - int(day) if purpose == _STOP_PURPOSE else _STOP_LINK_WORKS_DAYS
        return address_key if age < _STOP_LINK_WORKS_DAYS else None

    def _row(self, executor: Executor, purpose: str, address_key: str) -> str:
        """Return the keyed digest of the address's row, which the newest key takes over."""
        newest, *older = self._secret_keys.keyed_digests(purpose, address_key)
        for each in older:
            MailAllowances(executor).take_over(each, newest)
        return newest
