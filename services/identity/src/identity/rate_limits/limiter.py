"""The limits, and how long a request above them waits."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.config import Settings
from identity.rate_limits.networks import network_of
from identity.rate_limits.store import RequestCounts
from identity.secret_keys import SecretKeys
from identity.storage import Storage

# By the address: the customers of a provider that hands out neighbouring ones do not share a limit.
_IPV4_PREFIX = 32
_NETWORK = "network:"
_MINUTE = timedelta(minutes=1)


class Action(StrEnum):
    """What is counted."""

    SIGN_IN = "sign_in"
    SIGN_UP = "sign_up"
    # Requests that send a mail, by network: forgotten password, unlock. By address: `mail_budget`.
    MAIL = "mail"
    # "Send it again", for one mail.
    MAIL_AGAIN = "mail_again"
    # The hint to a federated resident who typed a password.
    MAIL_HINT = "mail_hint"
    # Codes mailed after a right password that is not enough to sign in: by address and password.
    SIGN_IN_CODE = "sign_in_code"
    # A wrong password in its place: counted for the same work, never refused.
    NO_SIGN_IN_CODE = "no_sign_in_code"
    # A mailed code that is typed, or the token of a mailed link.
    PROOF = "proof"
    # Wrong codes from mails: from one class of networks (`networks.network_class`), for one address from
    # there, and for one address from anywhere.
    CODE_FROM_NETWORK = "code_from_network"
    CODE_FOR_ADDRESS_FROM_NETWORK = "code_for_address_from_network"
    CODE_FOR_ADDRESS = "code_for_address"
    # A device that asks for codes (RFC 8628).
    DEVICE = "device"
    # Dynamic client registration (RFC 7591, RFC 7592).
    REGISTRATION = "registration"
    # A device's user code that is typed: by network and class of networks, and by the code (RFC 8628 §5.1).
    USER_CODE = "user_code"
    USER_CODE_FROM_NETWORK = "user_code_from_network"
    USER_CODE_ITSELF = "user_code_itself"


# Over these limits a mail is not sent, and nothing is refused.
_OF_MAILS = frozenset({Action.MAIL_AGAIN, Action.MAIL_HINT, Action.SIGN_IN_CODE, Action.NO_SIGN_IN_CODE})


@dataclass(frozen=True)
class Limit:
    """The number of requests in a window."""

    requests: int
    window: timedelta


def limits(settings: Settings) -> dict[Action, Limit]:
    """Return the limits in force (ASVS 5.0 §2.4.1, §6.1.1)."""
    return {
        Action.SIGN_IN: Limit(settings.sign_ins_per_minute, timedelta(minutes=1)),
        Action.SIGN_UP: Limit(settings.sign_ups_per_hour, timedelta(hours=1)),
        Action.MAIL: Limit(settings.mails_per_hour, timedelta(hours=1)),
        Action.PROOF: Limit(settings.sign_ins_per_minute, timedelta(minutes=1)),
        Action.MAIL_AGAIN: Limit(1, timedelta(seconds=30)),
        Action.DEVICE: Limit(60, timedelta(minutes=1)),
        Action.REGISTRATION: Limit(60, timedelta(minutes=1)),
        Action.CODE_FROM_NETWORK: Limit(100, timedelta(hours=1)),
        Action.CODE_FOR_ADDRESS_FROM_NETWORK: Limit(20, timedelta(days=1)),
        Action.CODE_FOR_ADDRESS: Limit(100, timedelta(days=1)),
        Action.USER_CODE: Limit(10, timedelta(minutes=1)),
        Action.USER_CODE_FROM_NETWORK: Limit(100, timedelta(hours=1)),
        Action.USER_CODE_ITSELF: Limit(10, timedelta(minutes=10)),
        Action.MAIL_HINT: Limit(1, timedelta(hours=1)),
        Action.SIGN_IN_CODE: Limit(5, timedelta(days=1)),
        Action.NO_SIGN_IN_CODE: Limit(sys.maxsize, timedelta(days=1)),
    }


class RateLimiter:
    """Counts requests against their limits."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        secret_keys: SecretKeys,
        limits: dict[Action, Limit],
        refused: Callable[[str], None] = lambda _action: None,
    ) -> None:
        """`refused` is called with the action of each request over a limit, to count it."""
        self._storage = storage
        self._refused = refused
        self._clock = clock
        self._secret_keys = secret_keys
        self._limits = limits

    def network_waits(self, action: Action, ip_address: str) -> int:
        """Count a request from this network and return the seconds to wait; 0 within the limit."""
        return self.waits(action, f"{_NETWORK}{_network(ip_address)}")

    def allows(self, action: Action, asker: str) -> bool:
        """Count a request by `asker` and tell whether it is within the limit."""
        return not self.waits(action, asker)

    def waits(self, action: Action, asker: str) -> int:
        """Count a request by `asker`, as a keyed digest; return the seconds to wait (`Retry-After`).

        0 within the limit. Above it the time until the window ends, rounded up to whole minutes: it began
        with the request of a neighbour, perhaps, and says no more than that of when. The first refusal of a
        window is recorded. Commits by itself: call it before a transaction is opened, never inside one.
        """
        limit, now = self._limits[action], self._clock.now()
        digest, *older = self._secret_keys.keyed_digests("throttle", asker)
        with self._storage.autocommit() as connection:
            counts = RequestCounts(connection)
            for each in older:
                counts.take_over(action, each, digest)
            counted = counts.count_request(action, digest, limit.window, now)
            if counted.requests == limit.requests + 1 and action not in _OF_MAILS:
                network = asker.removeprefix(_NETWORK) if asker.startswith(_NETWORK) else None
                Audit(connection).record(Event.LIMIT_EXCEEDED, now, ip_address=network, action=action.value)
        if counted.requests <= limit.requests:
            return 0
        if action not in _OF_MAILS:
            self._refused(action.value)
        return max(1, math.ceil((counted.ends_at - now) / _MINUTE)) * 60

    def give_back(self, action: Action, asker: str) -> None:
        """Take back a request that was counted by `allows` or `waits` and is not to count."""
        digest = self._secret_keys.keyed_digest("throttle", asker)
        with self._storage.autocommit() as connection:
            RequestCounts(connection).give_back_request(action, digest, self._clock.now())


def _network(ip_address: str) -> str:
    return network_of(ip_address, ipv4_prefix=_IPV4_PREFIX)
