"""The chain over the audit record: shows that recorded events were changed, removed or added afterwards.

A background thread seals what was recorded: a seal has the SHA-256 of its events and of the seal before it.
Who changes the tables can make the chain anew, but not the log, which has each seal's hash since then.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from identity.audit.store import AlreadySealedError, AuditSeals, SealedEvent
from identity.storage import Executor, Storage

# Events of transactions that began earlier are all recorded after this time.
SEALED_AFTER = timedelta(minutes=5)
EVENTS_OF_A_SEAL = 5_000
# The shortest that the setting allows: events that are gone earlier were deleted by another hand.
LEAST_RETENTION = timedelta(days=30)
# What the first seal's predecessor has for a hash.
BEGINNING = "0" * 64

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Broken:
    """A seal whose events are not those it was made of, or whose predecessor is not the one before it."""

    number: int
    why: str


def seal_and_erase(storage: Storage, retention: timedelta, now: datetime) -> int:
    """Seal what was recorded, and delete what is older than its retention; return how many events."""
    steps: tuple[Callable[[Executor], int], ...] = (
        lambda tx: seal_events(tx, now),
        lambda tx: AuditSeals(tx).erase_events(now - retention, now),
    )
    return sum(_repeat(storage, step) for step in steps)


def _repeat(storage: Storage, step: Callable[[Executor], int]) -> int:
    """Run the step in transactions of its own until it finds nothing; return the sum of what it returned."""
    found = 0
    while True:
        count = 0
        # Another process may have sealed the same events a moment before: the next call seals the rest.
        with suppress(AlreadySealedError), storage.transaction() as tx:
            count = step(tx)
        if not count:
            return found
        found += count


def seal_events(tx: Executor, now: datetime) -> int:
    """Seal the oldest events that have no seal, up to 5,000 of them; return how many.

    Raises `AlreadySealedError` where another worker did so meanwhile.
    """
    seals = AuditSeals(tx)
    last = seals.last_seal()
    number, previous = (last.number + 1, last.hash) if last else (1, BEGINNING)
    sealed = seals.claim_events(number, now - SEALED_AFTER, EVENTS_OF_A_SEAL)
    if not sealed:
        return 0
    chained = hash_of(previous, sealed)
    seals.add_seal(number, chained, sealed, now)
    _log.info("audit.sealed", seal=number, events=len(sealed), hash=chained)
    return len(sealed)


def verify(tx: Executor, now: datetime) -> Iterable[Broken]:
    """Yield each seal that does not hold. Events that retention deleted are covered by their seal's hash."""
    seals, previous, expected = AuditSeals(tx), BEGINNING, 1
    for seal in seals.list_seals():
        if seal.number != expected:
            yield Broken(seal.number, f"seal {expected} is missing before it")
        expected = seal.number + 1
        if seal.erased_at is not None:
            if not seal.last_at + LEAST_RETENTION <= seal.erased_at <= now:
                yield Broken(seal.number, "its events were deleted before the end of their retention")
        else:
            events = seals.events_of(seal.number)
            if hash_of(previous, events) != seal.hash:
                yield Broken(seal.number, f"{len(events)} events are not the {seal.events} that were sealed")
        previous = seal.hash


def hash_of(previous: str, events: Iterable[SealedEvent]) -> str:
    """Return the SHA-256, in hex, of the hash before and of the events, ordered by their identifiers."""
    digest = hashlib.sha256(previous.encode())
    for event in sorted(events, key=lambda each: each.id):
        fields = [event.id, event.at.astimezone(UTC).isoformat(), *event.rest, event.details]
        digest.update(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()
