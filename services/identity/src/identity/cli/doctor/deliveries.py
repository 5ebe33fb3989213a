"""Messages to the outside that wait, or that were given up: mails, logouts, security events."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from identity.cli.doctor.findings import Finding, Verdict
from identity.mail.store import RefusedAddresses
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
        deliveries = Deliveries(connection)
        backlogs = deliveries.backlogs(now - _RECENT, now - _OVERDUE)
        kinds = [each.kind for each in backlogs if each.due_at and each.due_at < now - _OVERDUE]
        attempted_at = deliveries.last_attempt(kinds) if kinds else None
        refused = RefusedAddresses(connection).count_by_reply(now - _RECENT)
    overdue = [each.due_at for each in backlogs if each.due_at and each.due_at < now - _OVERDUE]
    # One that attempts them works: it waits for a server that takes none, which the backlog says.
    if overdue and (attempted_at is None or attempted_at < now - _OVERDUE):
        detail = f"has left messages since {min(overdue):%Y-%m-%d %H:%M} UTC: it does not run, or hangs"
        yield Finding("worker", Verdict.BAD, detail, "start `identity worker`; its log says what it does")
    for each in backlogs:
        yield from _backlog(each)
    if refused:
        yield _refused(refused)
    if not overdue and not refused and not any(each.delayed or each.failed for each in backlogs):
        yield Finding("deliveries", Verdict.GOOD, "nothing waits for another attempt")


def _refused(by_reply: dict[str, int]) -> Finding:
    replies = ", ".join(f"{number} with {reply}" for reply, number in by_reply.items())
    detail = f"refused by the mail server within two days: {replies}"
    fix = "one or two are mistyped; if many have one code, look for it in the mail server's log"
    return Finding("addresses", Verdict.NOTE, detail, fix)


def _backlog(backlog: Backlog) -> Iterator[Finding]:
    check, fix = _NAMES.get(backlog.kind, backlog.kind), _FIXES.get(backlog.kind, "")
    if backlog.delayed:
        since = f"{backlog.oldest_at:%Y-%m-%d %H:%M} UTC" if backlog.oldest_at else ""
        fault = f"; {backlog.last_fault}" if backlog.last_fault else ""
        yield Finding(
            check, Verdict.NOTE, f"{backlog.delayed} not taken yet, the oldest of {since}{fault}", fix
        )
    if backlog.failed:
        yield Finding(check, Verdict.NOTE, f"{backlog.failed} given up within two days", fix)
