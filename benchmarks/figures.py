"""The figures that the parts of the benchmarks hand to the summary, in a folder that git ignores."""

import json
from collections.abc import Mapping
from pathlib import Path

_DIRECTORY = Path(__file__).parents[1] / "build" / "benchmarks"


def save(part: str, figures: Mapping[str, float]) -> None:
    """Save the figures of a part, by the names that `aims.AIMS` has for them."""
    _DIRECTORY.mkdir(parents=True, exist_ok=True)
    _file(part).write_text(json.dumps(dict(figures)))


def forget(part: str) -> None:
    """Remove the figures of an earlier run."""
    _file(part).unlink(missing_ok=True)


def load(part: str) -> dict[str, float]:
    """Return the figures of a part, none if it was not measured."""
    try:
        return {str(name): float(value) for name, value in json.loads(_file(part).read_text()).items()}
    except FileNotFoundError:
        return {}


def _file(part: str) -> Path:
    return _DIRECTORY / f"{part}.json"
