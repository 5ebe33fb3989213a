"""The table of `docs/reliability.md`: each test of `tests/reliability/attacks_and_faults.py` measures a row.

`--reliability-table PATH` writes the rows of a run in place of those between the marks of that page.
"""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from attacks import Answers

BEGIN, END = "<!-- begin table: written by make reliability-table -->", "<!-- end table -->"
_HEAD = (
    "| attack or fault | load | sent | answered | refused | lost | innocent page: slowest, median | before |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class Counts:
    """The requests of an attack, or those that a fault meets: each ends in one of three ways."""

    answered: int
    # With a status that says so (4xx, 503), and a text for its reader.
    refused: int
    # Without any answer, or with one that is a fault of ours.
    lost: int

    @property
    def sent(self) -> int:
        return self.answered + self.refused + self.lost


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    attack: str
    load: str
    counts: Counts
    # Of innocent pages, before and during it.
    usual: Answers
    during: Answers

    def __str__(self) -> str:
        """Return the line."""
        cells = (
            self.attack,
            self.load,
            f"{self.counts.sent:,}",
            f"{self.counts.answered:,}",
            f"{self.counts.refused:,}",
            f"{self.lost:,}",
            _times(self.during),
            _times(self.usual),
        )
        return f"| {' | '.join(cells)} |"

    @property
    def lost(self) -> int:
        """Return what was lost, innocent pages too."""
        return self.counts.lost + counts_of(self.during).lost


def _times(answers: Answers) -> str:
    return f"{answers.slowest * 1000:,.0f}, {answers.median * 1000:.1f} ms"


def counts_of(answers: Answers, *, refused: tuple[int, ...] = (400, 408, 413, 422, 429, 503)) -> Counts:
    """Return how requests ended, by their statuses; 422 is a refusal only of what was wrong in itself."""
    by_status = answers.by_status
    answered = sum(number for status, number in by_status.items() if 200 <= status < 400)
    said_no = sum(by_status[status] for status in refused)
    return Counts(answered, said_no, len(answers.seen) - answered - said_no)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make reliability-table` write the page."""
    parser.addoption("--reliability-table", type=Path, help="the page to write the measured rows into")


_ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture
def record_row(request: pytest.FixtureRequest) -> Callable[[Row], None]:
    """Return a function that adds a row to the table, whatever the test then says of it."""
    return request.config.stash.setdefault(_ROWS, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page."""
    page: Path | None = session.config.getoption("--reliability-table")
    rows = session.config.stash.get(_ROWS, [])
    if page is None or not rows:
        return
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}"
    lines = (
        f"Measured on one machine for attacker, service and database: {machine}.",
        "",
        *_HEAD,
        *map(str, rows),
    )
    page.write_text("\n".join((f"{before}{BEGIN}", "", *lines, "", f"{END}{after}")))
