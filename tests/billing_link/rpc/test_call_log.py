"""A call's line is the one that structlog would write."""

import io
import json
import logging
import time

import pytest
import structlog
from billing_link.rpc.call_log import CallLog


@pytest.fixture
def by_structlog():
    """Return a function that returns the line which the processors of `logs` make of an event."""

    def line(event, **facts: object):
        file = io.StringIO()
        logger = structlog.wrap_logger(
            structlog.PrintLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )
        logger.info(event, **facts)
        return file.getvalue().rstrip()

    return line


def test_it_has_the_form_of_every_other_line(by_structlog, resident):
    lines = []
    writer = type("Lines", (), {"add": lambda _, line: lines.append(line)})()
    caller = resident(client_id='a "client"', city_id="pïnellas")
    CallLog(writer).record("GetAccount", "NOT_FOUND", "LINK_NOT_FOUND", caller, time.perf_counter() - 0.0123)
    CallLog(writer).record("GetAccount", "UNAUTHENTICATED", "TOKEN_INVALID", None, time.perf_counter())
    ours = json.loads(lines[0])
    facts = {name: ours[name] for name in ("method", "code", "reason", "client", "city", "milliseconds")}
    library = by_structlog("rpc.call", **facts)
    assert json.loads(library) | {"timestamp": ours["timestamp"]} == ours
    cut = library.index("timestamp")
    assert lines[0][:cut] == library[:cut]
    assert len(ours["timestamp"]) == len(json.loads(library)["timestamp"])
    assert 12 <= ours["milliseconds"] < 1000
    assert (json.loads(lines[1])["client"], json.loads(lines[1])["city"]) == ("", "")
