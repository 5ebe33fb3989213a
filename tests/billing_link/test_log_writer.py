"""Lines of the log that a thread writes: all of them, in order, or how many not."""

import json
import threading

import pytest
from billing_link import log_writer
from billing_link.log_writer import LogWriter


@pytest.fixture
def written():
    return []


@pytest.fixture
def writer(written, monkeypatch):
    monkeypatch.setattr(log_writer, "_GATHERING", 0.01)
    return LogWriter(lambda text: written.extend(text.split("\n")))


def test_lines_of_many_threads_are_written_whole_and_before_the_end(writer, written):
    writer.start()
    threads = [
        threading.Thread(target=lambda n=n: [writer.add(f"{n} {line}") for line in range(50)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.end()
    for number in range(8):
        own = [line for line in written if line.startswith(f"{number} ")]
        assert own == [f"{number} {line}" for line in range(50)]


def test_a_line_that_comes_after_the_end_is_written_at_once(writer, written):
    writer.start()
    writer.end()
    writer.add("late")
    assert written == ["late"]


def test_what_waits_is_written_even_if_the_thread_never_began(writer, written):
    writer.add("early")
    writer.end()
    assert written == ["early"]


def test_lines_beyond_the_most_are_left_out_and_counted(written, monkeypatch):
    monkeypatch.setattr(log_writer, "_MOST_WAITING", 3)
    writer = LogWriter(lambda text: written.extend(text.split("\n")))
    for number in range(5):
        writer.add(str(number))
    writer.start()
    writer.end()
    *lines, told = written
    assert lines == ["0", "1", "2"]
    assert json.loads(told) == {"lines": 2, "event": "log.left_out", "level": "warning"}


def test_a_log_that_cannot_be_written_stops_no_call_and_its_lines_are_counted(monkeypatch):
    monkeypatch.setattr(log_writer, "_GATHERING", 0.01)
    written, failed = [], threading.Event()

    def write(text):
        if not failed.is_set():
            failed.set()
            raise BrokenPipeError
        written.extend(text.split("\n"))

    writer = LogWriter(write)
    writer.start()
    writer.add("lost")
    assert failed.wait(5)
    writer.add("after")
    writer.end()
    assert written[0] == "after"
    assert json.loads(written[1])["lines"] == 1
