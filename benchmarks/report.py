"""Turns results into the tables of the README and the picture beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.aims import MEMORY, PROPORTIONAL_MEMORY
from benchmarks.chart import draw
from benchmarks.measuring import Results
from benchmarks.operations import EMPTY_ROUTE, PROTOCOL, SIGN_IN, SIGN_IN_PAGE, STATIC_PAGE, Operation
from benchmarks.samples import Sample

README = Path(__file__).parent / "README.md"
PROJECT_README = README.parents[1] / "README.md"
# The operation that the project's README names: a resident's sign-in at a website of the city.
MOST_TELLING = "code + PKCE"
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
    # Resident memory of each server's largest process in MiB, by the time of reading.
    memory: Mapping[str, Mapping[str, float]]
    # Memory of all its processes at the end; pages that several share count once (PSS).
    proportional_memory: Mapping[str, float]
    argon2id_ms: float
    conditions: str

    def markdown(self) -> str:
        """Return the tables."""
        tables = (self._cpu(), self._speed(), self._memory(), self._lower_bounds())
        return "\n\n".join([self.conditions, *map(table, tables)])

    def picture(self, reference: str) -> str:
        """Return an SVG with the ratios of all servers to this one."""
        rows = [operation.name for operation in PROTOCOL]
        ratios = {
            name: {row: ratio for row in rows if (ratio := self.ratio(name, reference, row)) is not None}
            for name in self.servers
            if name != reference
        }
        return draw(rows, ratios, reference)

    def figures(self, reference: str) -> dict[str, float]:
        """Return what the summary shows: ratios to this server and to lower bounds, and the memory."""
        first = self.servers[0]
        names = [operation.name for operation in PROTOCOL]
        ratios = {name: ratio for name in names if (ratio := self.ratio(first, reference, name)) is not None}
        bounds = {
            operation.name: ratio
            for operation, _, lower_bound in self._bounds_of_pages()
            if (ratio := self._times_of(operation, lower_bound)) is not None
        }
        *_, at_the_end = self.memory.values()
        memory = {
            MEMORY: at_the_end[first],
            PROPORTIONAL_MEMORY: self.proportional_memory[first],
        }
        return ratios | bounds | memory

    def standing(self, reference: str) -> str:
        """Return where identity stands among the others, in a sentence."""
        first = self.servers[0]
        ratios = {
            other: ratio
            for other in dict.fromkeys((reference, *self.compared))
            if (ratio := self.ratio(first, other, MOST_TELLING)) is not None
        }
        parts = [f"{_times(ratio)} of {other}" for other, ratio in ratios.items()]
        return (
            f"CPU time of a sign-in at a website (code + PKCE), database included: {', '.join(parts)} "
            "([benchmarks](benchmarks/README.md))."
        )

    def ratio(self, server: str, other: str, operation: str) -> float | None:
        """Return the ratio of the CPU times of two servers, None if one does not offer the operation."""
        mine, theirs = self.results.get((server, operation)), self.results.get((other, operation))
        return mine.whole_ms / theirs.whole_ms if mine and theirs and theirs.whole_ms else None

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
        yield ["memory of the largest process, MiB", *self.servers]
        for moment, of_server in self.memory.items():
            yield [moment, *(f"{of_server[name]:.0f}" for name in self.servers)]
        at_the_end = (f"{self.proportional_memory[name]:.0f}" for name in self.servers)
        yield ["then all processes, shared pages once (PSS)", *at_the_end]

    def _lower_bounds(self) -> Iterator[list[str]]:
        first = self.servers[0]
        yield ["lower bound", "CPU ms", f"in {first}", "CPU ms", "ratio"]
        bounds = list(self._bounds_of_pages())
        if empty := self.results.get((EMPTY_ROUTE.name, EMPTY_ROUTE.name)):
            bounds += [(operation, EMPTY_ROUTE.name, empty.whole_ms) for operation in PROTOCOL]
        for operation, name, lower_bound in bounds:
            sample, times = self.results.get((first, operation.name)), self._times_of(operation, lower_bound)
            if sample and times is not None:
                yield [name, f"{lower_bound:.2f}", operation.name, cost(sample), f"{times:.2f}"]

    def _bounds_of_pages(self) -> Iterator[tuple[Operation, str, float]]:
        """Yield operations that have a lower bound of their own, with its name and its milliseconds."""
        yield SIGN_IN, "one Argon2id hash", self.argon2id_ms
        if page := self.results.get((STATIC_PAGE, SIGN_IN_PAGE.name)):
            yield SIGN_IN_PAGE, STATIC_PAGE, page.whole_ms

    def _times_of(self, operation: Operation, lower_bound: float) -> float | None:
        sample = self.results.get((self.servers[0], operation.name))
        return sample.whole_ms / lower_bound if sample else None

    def _cells(self, operation: Operation, render: Callable[[Sample], str]) -> Iterator[str]:
        for server in self.servers:
            sample = self.results.get((server, operation.name))
            yield render(sample) if sample else NOT_OFFERED


def write(section: str, text: str, document: Path = README) -> None:
    """Write the text between the markers of this section in the document."""
    begin, end = f"<!-- begin {section}: written by make bench -->", f"<!-- end {section} -->"
    before, _, rest = document.read_text().partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


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
