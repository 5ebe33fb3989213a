"""Signs of an attack that no single event shows: passwords tried on many accounts (NIST SP 800-63B-4 §3.2.2).

An attacker who tries two common passwords on each of thousands of accounts locks none of them. But an hour in
which more accounts fail than sign in is like no hour of residents, and so is a network of such an hour.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.monitoring.store import Counted, EventCounts, hour_of
from identity.rate_limits.networks import network_of
from identity.storage import Executor

WINDOW = timedelta(hours=1)
# Accounts that fail from one network (IPv4 by 24 bits, IPv6 by 64), or in all, before it is a sign.
FROM_ONE_NETWORK, IN_ALL = 20, 50
# Rows of an hour that are looked at: more accounts than any city has residents who mistype in an hour.
_MOST_ROWS = 200_000
_IPV4_PREFIX = 24
_FAILURES = (Event.SIGN_IN_FAILED, Event.SIGN_IN_LOCKED)

_log = structlog.get_logger(__name__)


class Alarm(StrEnum):
    """A sign of an attack."""

    SPRAYING_FROM_ONE_NETWORK = "password_spraying_from_one_network"
    SPRAYING_FROM_MANY_NETWORKS = "password_spraying_from_many_networks"


@dataclass
class _Accounts:
    """Accounts, by what happened to them within the window."""

    failed: set[str] = field(default_factory=set)
    signed_in: set[str] = field(default_factory=set)

    def look_like_spraying(self, least: int) -> bool:
        """Tell whether so many accounts failed, and more than signed in: people mostly type it right."""
        return len(self.failed) >= least and len(self.failed) > len(self.signed_in)


def summarize(executor: Executor, now: datetime) -> None:
    """Count the hour's audit events and accounts, and raise the alarms that they give cause for."""
    counts = EventCounts(executor)
    for hour in (hour_of(now) - WINDOW, hour_of(now)):
        counts.put(Counted.AUDIT_EVENT, Audit(executor).count_events(hour, hour + WINDOW), hour)
    everywhere, networks = _accounts(executor, now - WINDOW)
    counts.put(
        Counted.ACCOUNTS, {"failed": len(everywhere.failed), "signed_in": len(everywhere.signed_in)}, now
    )
    if everywhere.look_like_spraying(IN_ALL):
        _raise(executor, Alarm.SPRAYING_FROM_MANY_NETWORKS, everywhere, len(networks), now)
    for one in networks.values():
        if one.look_like_spraying(FROM_ONE_NETWORK):
            _raise(executor, Alarm.SPRAYING_FROM_ONE_NETWORK, one, 1, now)


def _raise(executor: Executor, alarm: Alarm, accounts: _Accounts, networks: int, now: datetime) -> None:
    if not EventCounts(executor).raise_alarm(alarm.value, now):
        return
    facts = {"failed": str(len(accounts.failed)), "signed_in": str(len(accounts.signed_in))}
    Audit(executor).record(Event.ALARM_RAISED, now, alarm=alarm.value, networks=str(networks), **facts)
    _log.error("alarm", alarm=alarm.value, networks=networks, **facts)


def _accounts(executor: Executor, since: datetime) -> tuple[_Accounts, dict[str, _Accounts]]:
    everywhere, networks = _Accounts(), dict[str, _Accounts]()
    for event in Audit(executor).list_events((*_FAILURES, Event.SIGN_IN_SUCCEEDED), since, _MOST_ROWS):
        # An address that no resident has is recorded by its digest.
        account = event.resident_id or event.details.get("account", "")
        network = network_of(event.ip_address or "", ipv4_prefix=_IPV4_PREFIX)
        for accounts in (everywhere, networks.setdefault(network, _Accounts())):
            (accounts.failed if event.event in _FAILURES else accounts.signed_in).add(account)
    return everywhere, networks
