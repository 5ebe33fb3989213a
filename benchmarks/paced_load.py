"""Operations at a given rate, whatever the server does: one that waits counts from when it was due."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.http_load import (
    SECONDS_WITHOUT_RESPONSE,
    Address,
    Begin,
    Connection,
    Connections,
    NoResponseError,
)


@dataclass
class Interval:
    """What happened in a part of the time."""

    # Seconds of the operations that succeeded, from when they were due.
    latencies: list[float] = field(default_factory=list)
    # Why the others failed.
    errors: list[str] = field(default_factory=list)


def paced(
    address: Address, operations: Sequence[Begin], *, rate: float, seconds: float, interval: float
) -> Iterator[Interval]:
    """Begin `rate` operations a second, each on a free connection, and yield each interval at its end.

    Raises `NoResponseError` when operations are under way, but none ends for long.
    """
    with Connections(address) as connections:
        load = _Load(connections, operations, rate)
        begun = time.perf_counter()
        while (now := time.perf_counter()) < begun + seconds:
            yield load.until(min(now + interval, begun + seconds))


class _Load:
    """The connections that are free, and the operations that are under way on the others."""

    def __init__(self, connections: Connections, operations: Sequence[Begin], rate: float) -> None:
        self._connections, self._apart = connections, 1 / rate
        self._free: deque[tuple[Begin, Connection | None]] = deque((each, None) for each in operations)
        self._due: dict[Connection, float] = {}
        self._next = self._last_end = time.perf_counter()

    def until(self, end: float) -> Interval:
        """Go on until this time."""
        interval = Interval()
        while (now := time.perf_counter()) < end:
            self._begin_those_due(now)
            # What is due later can wait for a connection only if one is free.
            pause = max(0.0, self._next - now) if self._free else end - now
            with suppress(NoResponseError):
                for connection in self._connections.wait(min(pause, end - now, 1.0)):
                    self._note(connection, interval)
            if self._due and now - self._last_end > SECONDS_WITHOUT_RESPONSE:
                raise NoResponseError(f"No operation ended within {SECONDS_WITHOUT_RESPONSE} s")
        return interval

    def _begin_those_due(self, now: float) -> None:
        while self._free and self._next <= now:
            operation, connection = self._free.popleft()
            self._due[self._connections.begin(operation, connection)] = self._next
            self._next += self._apart

    def _note(self, connection: Connection, interval: Interval) -> None:
        self._last_end = time.perf_counter()
        due = self._due.pop(connection)
        self._free.append((connection.operation, connection))
        if connection.error:
            interval.errors.append(str(connection.error))
        else:
            interval.latencies.append(self._last_end - due)
