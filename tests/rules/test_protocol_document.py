"""docs/protocol.md names tests that exist, and leaves no file of them out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/protocol.md").read_text()
DEFINED = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^\s*def (test_\w+)", file.read_text(), re.MULTILINE)
}


def test_every_test_it_names_exists() -> None:
    named = set(re.findall(r"(?:`|::)(test_\w+)`", DOCUMENT))

    assert named
    assert named - DEFINED == set()


def test_every_file_it_names_exists() -> None:
    files = set(re.findall(r"`((?:tests/[\w/]+/)?test_\w+\.py)`", DOCUMENT))

    assert files
    for file in files:
        assert list(ROOT.glob(file if "/" in file else f"tests/protocol/**/{file}")), file


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests/protocol").glob("test_*.py")), ids=lambda file: str(file.name)
)
def test_every_file_of_the_protocols_tests_is_named(file: Path) -> None:
    assert f"`{file.name}`" in DOCUMENT
