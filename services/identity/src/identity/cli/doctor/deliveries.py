"""Messages to the outside that wait, or that were given up: mails, logouts, security events."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from identity.cli.doctor.findings import Finding, Verdict
from identity.outbox.store import Backlog, Deliveries
from identity.storage import Storage

_NAMES = {"mail": "mails", "backchannel_logout": "back-channel logouts", "security_event": "security events"}
# Where to look, by kind.
_FIXES = {
    "mail": "look at the mail server's own log, and at the finding `mail server`",
    "backchannel_logout": "ask the website that the worker's log names (`message_postponed`) why",
    "security_event": "ask the receiver that the worker's log names (`message_postponed`) why",
}
# A worker takes what is due within a second; when many are due, within minutes.
_OVERDUE = timedelta(minutes=3)
# Failures that are older are no longer of use here.
_RECENT = timedelta(days=2)


def examine_deliveries(storage: Storage, now: datetime) -> Iterator[Finding]:
    """Yield what is to be said of each kind of message."""
    with storage.autocommit() as connection:
        backlogs = Deliveries(connection).backlogs(now - _RECENT)
    overdue = [each.due_at for each in backlogs if each.due_at and each.due_at < now - _OVERDUE]
    if overdue:
        detail = f"has left messages since {min(overdue):%Y-%m-%d %H:%M} UTC: it does not run, or hangs"
        yield Finding("worker", Verdict.BAD, detail, "start `identity worker`; its log says what it does")
    for each in backlogs:
        yield from _backlog(each)
    if not overdue and not any(each.retried or each.failed for each in backlogs):
        yield Finding("deliveries", Verdict.GOOD, "nothing waits for another attempt")


def _backlog(backlog: Backlog) -> Iterator[Finding]:
    check, fix = _NAMES.get(backlog.kind, backlog.kind), _FIXES.get(backlog.kind, "")
    if backlog.retried:
        since = f"{backlog.oldest_at:%Y-%m-%d %H:%M} UTC" if backlog.oldest_at else ""
        fault = f"; {backlog.last_fault}" if backlog.last_fault else ""
        yield Finding(
            check, Verdict.NOTE, f"{backlog.retried} not taken yet, the oldest of {since}{fault}", fix
        )
    if backlog.failed:
        yield Finding(check, Verdict.NOTE, f"{backlog.failed} given up within two days", fix)
