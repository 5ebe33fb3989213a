"""Threads are for whole requests: however many others hang or last long, all else is answered."""

import time
from concurrent.futures import ThreadPoolExecutor

from identity.web_server.request_threads import WAITING_PER_THREAD
from served_application import SECONDS_OF_SLOW, THREADS

SLOW, QUICK = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /ignores HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\ntwelve bytes"
LIVE = b"GET /id/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def test_requests_that_are_not_whole_take_none(served):
    halves = [served.connect().send(HALF) for _ in range(50)]
    halves += [served.connect().send(b"GET / HT") for _ in range(50)]
    began = time.monotonic()
    assert served.ask(QUICK).status == 404
    assert time.monotonic() - began < 0.5
    for each in halves:
        each.socket.close()


def test_those_who_read_slowly_take_none(served):
    readers = [served.connect().send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(THREADS * 2)]
    for each in readers:
        assert each.socket.recv(1)
    began = time.monotonic()
    assert served.ask(QUICK).status == 404
    assert time.monotonic() - began < 0.5
    for each in readers:
        each.socket.close()


def test_some_wait_and_the_others_are_refused_at_once(served):
    busy = [served.connect().send(SLOW) for _ in range(THREADS)]
    time.sleep(0.1)
    waiting = [served.connect().send(QUICK) for _ in range(THREADS * WAITING_PER_THREAD)]
    time.sleep(0.2)
    began = time.monotonic()
    refused = served.ask(QUICK)
    assert (refused.status, refused.header("retry-after")) == (503, "5")
    assert "Vuelva a intentarlo" in refused.body.decode()
    # The operator's monitoring learns that the process lives.
    assert served.ask(LIVE).status == 200
    assert time.monotonic() - began < SECONDS_OF_SLOW / 2
    assert {each.answer().status for each in busy + waiting} == {200, 404}


def test_as_many_as_there_are_threads_are_worked_on_at_once(served):
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS * 2) as pool:
        assert [each.status for each in pool.map(served.ask, [SLOW] * THREADS * 2)] == [200] * THREADS * 2
    assert 2 * SECONDS_OF_SLOW <= time.monotonic() - began < 3 * SECONDS_OF_SLOW


def test_requests_that_are_worked_on_together_keep_those_apart_from_no_thread(served):
    slow, quick = (request.replace(b"/", b"/together/", 1) for request in (SLOW, QUICK))
    busy = [served.connect().send(slow) for _ in range(THREADS)]
    time.sleep(0.1)
    began = time.monotonic()
    waiting = served.connect().send(quick)
    assert served.ask(QUICK).status == 404
    assert time.monotonic() - began < SECONDS_OF_SLOW / 2
    assert waiting.answer().status == 200
    assert time.monotonic() - began > SECONDS_OF_SLOW / 2
    assert {each.answer().status for each in busy} == {200}


def test_requests_apart_keep_no_others_waiting(served):
    busy = [served.connect().send(SLOW) for _ in range(THREADS)]
    time.sleep(0.1)
    began = time.monotonic()
    assert served.ask(QUICK.replace(b"/", b"/together/", 1)).status == 200
    assert time.monotonic() - began < SECONDS_OF_SLOW / 2
    assert {each.answer().status for each in busy} == {200}
