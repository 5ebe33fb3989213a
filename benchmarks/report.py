"""Turns results into the tables of the README and the picture beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chart import draw
from benchmarks.measuring import Results
from benchmarks.operations import EMPTY_ROUTE, PROTOCOL, SIGN_IN, Operation
from benchmarks.samples import Sample

README = Path(__file__).parent / "README.md"
NOT_OFFERED = "not offered"
# Less CPU time of PostgreSQL than this, in milliseconds, is not shown.
LEAST_SHOWN = 0.01
# Smaller ratios are shown as fractions.
SMALL = 0.2


@dataclass(frozen=True)
class Report:
    """The results of one measurement, and its conditions."""

    results: Results
    # In the order of the columns; the first is identity, which is compared with some of the others.
    servers: Sequence[str]
    compared: Sequence[str]
    # Resident memory of each server in MiB, by the time of reading.
    memory: Mapping[str, Mapping[str, float]]
    argon2id_ms: float
    conditions: str

    def markdown(self) -> str:
        """Return the tables."""
        tables = (self._cpu(), self._speed(), self._memory(), self._lower_bounds())
        return "\n\n".join([self.conditions, *map(table, tables)])

    def picture(self, reference: str) -> str:
        """Return an SVG with the ratios of the compared servers to this one."""
        rows = [operation.name for operation in PROTOCOL]
        ratios = {
            name: {row: ratio for row in rows if (ratio := self.ratio(name, reference, row)) is not None}
            for name in (self.servers[0], *self.compared)
            if name != reference
        }
        return draw(rows, ratios, reference)

    def ratio(self, server: str, other: str, operation: str) -> float | None:
        """Return the ratio of the CPU times of two servers, None if one does not offer the operation."""
        mine, theirs = self.results.get((server, operation)), self.results.get((other, operation))
        return mine.server_ms / theirs.server_ms if mine and theirs and theirs.server_ms else None

    def _cpu(self) -> Iterator[list[str]]:
        first = self.servers[0]
        yield ["CPU ms", *self.servers, *(f"{first} : {other}" for other in self.compared)]
        for operation in PROTOCOL:
            ratios = (_times(self.ratio(first, other, operation.name)) for other in self.compared)
            yield [operation.name, *self._cells(operation, cost), *ratios]

    def _speed(self) -> Iterator[list[str]]:
        yield ["operations a second; p50, p99 in ms", *self.servers]
        for operation in PROTOCOL:
            yield [operation.name, *self._cells(operation, pace)]

    def _memory(self) -> Iterator[list[str]]:
        yield ["resident memory, MiB", *self.servers]
        for moment, of_server in self.memory.items():
            yield [moment, *(f"{of_server[name]:.0f}" for name in self.servers)]

    def _lower_bounds(self) -> Iterator[list[str]]:
        first = self.servers[0]
        empty = self.results.get((EMPTY_ROUTE.name, EMPTY_ROUTE.name))
        lower_bounds = [("one Argon2id hash", self.argon2id_ms, SIGN_IN)]
        if empty:
            lower_bounds += [(EMPTY_ROUTE.name, empty.server_ms, operation) for operation in PROTOCOL]
        yield ["lower bound", "CPU ms", f"in {first}", "CPU ms", "ratio"]
        for name, lower_bound, operation in lower_bounds:
            if sample := self.results.get((first, operation.name)):
                cost = f"{sample.server_ms:.2f}"
                yield [
                    name,
                    f"{lower_bound:.2f}",
                    operation.name,
                    cost,
                    f"{sample.server_ms / lower_bound:.2f}",
                ]

    def _cells(self, operation: Operation, render: Callable[[Sample], str]) -> Iterator[str]:
        for server in self.servers:
            sample = self.results.get((server, operation.name))
            yield render(sample) if sample else NOT_OFFERED


def write(section: str, text: str) -> None:
    """Write the text between the markers of this section in the README."""
    begin, end = f"<!-- begin {section}: written by make bench -->", f"<!-- end {section} -->"
    before, _, rest = README.read_text().partition(begin)
    _, _, after = rest.partition(end)
    README.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; its first row is the head."""
    head, *body = rows
    lines = [head, ["---", *("---:" for _ in head[1:])], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cost(sample: Sample) -> str:
    """Return the CPU milliseconds of the server, and those of PostgreSQL if it has any."""
    database = f" (+{sample.database_ms:.2f})" if sample.database_ms >= LEAST_SHOWN else ""
    return f"{sample.server_ms:.2f}{database}"


def pace(sample: Sample) -> str:
    """Return operations per second, and the 50th and 99th percentile in milliseconds."""
    return f"{sample.throughput:.0f}; {sample.p50:.1f}, {sample.p99:.1f}"


def _times(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" if ratio >= SMALL else f"1/{1 / ratio:.0f}"
