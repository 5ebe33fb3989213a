"""The table "What your network may do to you" names lines that the doctors print, and sections that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
SERVICES = ("identity", "billing_link", "portal")
TABLE = OPERATIONS.split("\n## What your network may do to you\n")[1].split("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| **")
][1:]


def doctors_lines(service: str) -> str:
    """Return the source of a service's doctor, in which its lines are written."""
    files = (ROOT / f"services/{service}/src/{service}/cli/doctor").glob("*.py")
    return "\n".join(file.read_text() for file in files)


def named() -> Iterator[tuple[str, str]]:
    """Return each service of the table with each line that it prints."""
    for row in ROWS:
        for services, lines in re.findall(r"((?:\w+(?:, )?)+): ((?:`[^`]+`(?:, )?)+)", row[-1]):
            for service in SERVICES if services == "all" else services.split(", "):
                for line in re.findall(r"`([^`]+)`", lines):
                    yield service, line


@pytest.mark.parametrize(("service", "line"), sorted(set(named())))
def test_the_doctor_prints_the_line(service: str, line: str) -> None:
    assert f'"{line}"' in doctors_lines(service)


def test_each_row_is_whole() -> None:
    assert len(ROWS) > 15
    assert {len(row) for row in ROWS} == {5}
    assert all(all(row) for row in ROWS)


def test_the_sections_exist() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", OPERATIONS, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", TABLE)) <= headings
