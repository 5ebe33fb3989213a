"""Calls to another service: few at once, and none for a while after several without an answer."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from portal.circuit_breaker import FAILURES, RETRY_SECONDS, CircuitBreaker, NotAdmittedError


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def breaker(seconds: Seconds) -> CircuitBreaker:
    return CircuitBreaker(2, seconds=seconds)


def use(breaker: CircuitBreaker, *, answered: bool) -> None:
    with breaker.call() as call:
        call.answered = answered


def is_open(breaker: CircuitBreaker) -> bool:
    try:
        use(breaker, answered=False)
    except NotAdmittedError:
        return True
    return False


def test_it_opens_after_several_failures_in_a_row(breaker) -> None:
    for _ in range(FAILURES):
        use(breaker, answered=False)

    assert is_open(breaker)


def test_an_answer_between_them_keeps_it_closed(breaker) -> None:
    for answered in [False] * (FAILURES - 1) + [True] + [False] * (FAILURES - 1):
        use(breaker, answered=answered)

    assert not is_open(breaker)


def test_a_call_that_raises_has_no_answer(breaker) -> None:
    for _ in range(FAILURES):
        with pytest.raises(LookupError), breaker.call():
            raise LookupError

    assert is_open(breaker)


def test_while_it_is_open_one_call_at_a_time_finds_out(breaker, seconds) -> None:
    for _ in range(FAILURES):
        use(breaker, answered=False)
    seconds.now += RETRY_SECONDS

    with breaker.call():
        assert is_open(breaker)
        seconds.now += RETRY_SECONDS
        assert is_open(breaker)

    assert is_open(breaker)
    seconds.now += RETRY_SECONDS
    assert not is_open(breaker)


def test_one_answer_closes_it(breaker, seconds) -> None:
    for _ in range(FAILURES):
        use(breaker, answered=False)
    seconds.now += RETRY_SECONDS
    use(breaker, answered=True)

    assert not is_open(breaker)


def test_expired_it_is_as_before_the_first_call(breaker) -> None:
    for _ in range(FAILURES):
        use(breaker, answered=False)
    breaker.expire()

    assert not is_open(breaker)


@pytest.fixture
def hanging() -> Iterator[Callable[[CircuitBreaker, int], None]]:
    """Return a function that fills places with calls that hang until the end of the test."""
    release = threading.Event()
    pool = ThreadPoolExecutor()

    def hang(breaker: CircuitBreaker, inside: threading.Barrier) -> None:
        with breaker.call():
            inside.wait(5)
            release.wait(30)

    def start(breaker: CircuitBreaker, calls: int) -> None:
        inside = threading.Barrier(calls + 1)
        for _ in range(calls):
            pool.submit(hang, breaker, inside)
        inside.wait(5)

    yield start
    release.set()
    pool.shutdown()


def test_where_all_places_hang_a_call_waits_for_a_moment_and_later_ones_not_at_all(hanging) -> None:
    breaker = CircuitBreaker(2)
    hanging(breaker, 2)
    waits = []
    for _ in range(3):
        began = time.monotonic()
        assert is_open(breaker)
        waits.append(time.monotonic() - began)

    assert waits[0] < 1
    assert waits[1] + waits[2] < 0.1


def test_where_calls_end_others_wait_for_their_turn() -> None:
    breaker, done = CircuitBreaker(2), []

    def work() -> None:
        with breaker.call() as call:
            time.sleep(0.02)
            call.answered = True
            done.append(1)

    with ThreadPoolExecutor(16) as pool:
        for _ in range(16):
            pool.submit(work)

    assert len(done) == 16
