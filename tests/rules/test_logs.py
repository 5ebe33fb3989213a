"""What a process of any service writes to its log: JSON lines, errors without their words."""

import json
import subprocess
import sys

import pytest

SERVICES = ("identity", "billing_link", "portal")
PROGRAM = """
import logging
import structlog
from {service}.logs import write_json_logs

write_json_logs()
try:
    raise ValueError("jane@example.org")
except ValueError as error:
    structlog.get_logger("ours").error("failed", exc_info=error)
    structlog.get_logger("ours").exception("failed")
    logging.getLogger("library").exception("failed")
    logging.getLogger("library").info("not written")
"""


@pytest.fixture(scope="module", params=SERVICES)
def written(request: pytest.FixtureRequest) -> str:
    program = PROGRAM.format(service=request.param)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert done.stdout == ""
    return done.stderr


def test_each_line_is_an_event_with_its_level_and_time(written: str) -> None:
    events = [json.loads(line) for line in written.splitlines()]
    assert [(event["event"], event["level"]) for event in events] == [("failed", "error")] * 3
    assert all(event["timestamp"].endswith("Z") for event in events)


def test_an_error_is_written_as_its_type_and_place_without_its_words(written: str) -> None:
    assert "jane@example.org" not in written
    for line in written.splitlines():
        error, place = json.loads(line)["where"]
        assert error == "builtins.ValueError"
        assert place.startswith("<string>:")
