"""What happened within a day: sign-ins, refusals, faults, and signs of an attack."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from identity.audit.events import Event
from identity.cli.doctor.findings import Finding, Verdict
from identity.monitoring.signs import Alarm
from identity.monitoring.store import Counted, EventCounts, hour_of
from identity.storage import Storage

_DAY = timedelta(hours=24)
_FIXES = {
    Alarm.SPRAYING_FROM_ONE_NETWORK: "the audit's `sign_in_failed` name the network: refuse it at the"
    " proxy; lower IDENTITY_SIGN_INS_PER_MINUTE if more follow",
    Alarm.SPRAYING_FROM_MANY_NETWORKS: "an alarm is no break-in; look in the audit for `sign_in_succeeded`"
    " from the same networks, and end those sessions (`identity residents end-sessions`)",
}


def examine_last_day(storage: Storage, now: datetime) -> Iterator[Finding]:
    """Yield a line for what happened, and one for each alarm."""
    since = hour_of(now - _DAY)
    with storage.autocommit() as connection:
        counts, alarms = EventCounts(connection).since(since), EventCounts(connection).last_alarms(since)
    yield Finding("last 24 hours", Verdict.GOOD, _summary(counts))
    for counted, check, fix in (
        (
            Counted.LIMITED,
            "requests over a limit",
            "where they are many, the audit's `limit_exceeded` name the networks",
        ),
        (Counted.FAULT, "requests that failed", "the log has `request_failed` with the place of each"),
    ):
        if found := {detail: count for (kind, detail), count in counts.items() if kind is counted}:
            listed = ", ".join(f"{count} {detail}" for detail, count in sorted(found.items()))
            yield Finding(check, Verdict.NOTE, listed, fix)
    for alarm, hour in alarms.items():
        detail = f"{alarm.replace('_', ' ')}, last in the hour of {hour:%Y-%m-%d %H:%M} UTC"
        yield Finding("alarm", Verdict.BAD, detail, _FIXES[Alarm(alarm)])


def _summary(counts: dict[tuple[Counted, str], int]) -> str:
    def of(event: Event) -> int:
        return counts.get((Counted.AUDIT_EVENT, event.value), 0)

    return (
        f"{of(Event.SIGN_IN_SUCCEEDED)} sign-ins, {of(Event.SIGN_IN_FAILED)} failed and"
        f" {of(Event.SIGN_IN_LOCKED)} while locked; {of(Event.REGISTRATION_VERIFIED)} registrations;"
        f" {of(Event.PASSWORD_RESET_REQUESTED)} forgotten passwords"
    )
