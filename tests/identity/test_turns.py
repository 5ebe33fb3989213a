"""Turns: how many run, how many wait, and whose turn is next."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from identity.turns import Turns

LONG = 10.0


class Calls:
    """Calls of turns in threads, each of which ends its turn at once, and the order of those turns."""

    def __init__(self, turns: Turns, pool: ThreadPoolExecutor) -> None:
        self._turns, self._pool = turns, pool
        self.order: list[str] = []

    def call(self, asker: str, *, is_known: bool = False) -> Future[bool]:
        """Begin a call, and return once it waits or was refused."""
        has_begun = threading.Event()

        def run() -> bool:
            has_begun.set()
            with self._turns.turn(asker, is_known=is_known) as is_admitted:
                if is_admitted:
                    self.order.append(asker)
                return is_admitted

        future = self._pool.submit(run)
        has_begun.wait(LONG)
        time.sleep(0.02)
        return future


@pytest.fixture
def calls_of() -> Iterator[Callable[[Turns], Calls]]:
    with ThreadPoolExecutor(20) as pool:
        yield lambda turns: Calls(turns, pool)


def test_so_many_run_and_the_next_is_refused_where_none_may_wait():
    turns = Turns(2, waiting=0, seconds=LONG)
    with turns.turn("a") as first, turns.turn("b") as second, turns.turn("c") as third:
        assert (first, second, third) == (True, True, False)
    with turns.turn("c") as later:
        assert later


def test_a_turn_ends_with_its_block_whatever_ends_it():
    turns = Turns(1, waiting=0, seconds=LONG)
    with pytest.raises(ValueError, match="fault"), turns.turn("a"):
        raise ValueError("fault")
    with turns.turn("a") as is_admitted:
        assert is_admitted


def test_waiting_ends_after_a_while(calls_of):
    turns = Turns(1, waiting=3, seconds=0.05)
    with turns.turn("a"):
        assert not calls_of(turns).call("b").result(LONG)
    with turns.turn("a") as is_admitted:
        assert is_admitted


def test_askers_take_turns_in_rotation(calls_of):
    turns = Turns(1, waiting=9, seconds=LONG)
    calls = calls_of(turns)
    with turns.turn("first"):
        waiting = [calls.call(asker) for asker in ("flood", "flood", "flood", "resident")]
    assert all(one.result(LONG) for one in waiting)
    assert calls.order == ["flood", "resident", "flood", "flood"]


def test_every_other_turn_is_of_an_asker_that_is_known(calls_of):
    turns = Turns(1, waiting=9, seconds=LONG)
    calls = calls_of(turns)
    with turns.turn("first"):
        waiting = [calls.call(asker) for asker in ("a", "b", "c")]
        waiting += [calls.call(asker, is_known=True) for asker in ("device", "device")]
    assert all(one.result(LONG) for one in waiting)
    assert calls.order == ["device", "a", "device", "b", "c"]


def test_one_asker_cannot_hold_every_place(calls_of):
    turns = Turns(1, waiting=3, seconds=LONG)
    calls = calls_of(turns)
    with turns.turn("first"):
        flood = [calls.call("flood") for _ in range(5)]
        residents = [calls.call(asker) for asker in ("ann", "ben")]
        # Each has a place now, and no more askers find one.
        late = calls.call("cleo")
        assert not late.result(LONG)
    assert [one.result(LONG) for one in flood] == [True, False, False, False, False]
    assert all(one.result(LONG) for one in residents)


def test_an_asker_that_is_known_gets_the_place_of_a_stranger(calls_of):
    turns = Turns(1, waiting=3, seconds=LONG)
    calls = calls_of(turns)
    with turns.turn("first"):
        strangers = [calls.call(f"network {number}") for number in range(3)]
        owner = calls.call("device", is_known=True)
        # One place is what it gets, and a stranger gets none of it.
        again = calls.call("device", is_known=True)
        stranger = calls.call("network 3")
        assert not again.result(LONG)
        assert not stranger.result(LONG)
    assert owner.result(LONG)
    assert sorted(one.result(LONG) for one in strangers) == [False, True, True]


def test_many_threads_leave_it_as_it_was(calls_of):
    turns = Turns(2, waiting=4, seconds=0.01)
    running, most, lock = 0, 0, threading.Lock()

    def ask(number: int) -> bool:
        nonlocal running, most
        with turns.turn(f"asker {number % 3}", is_known=number % 2 == 0) as is_admitted:
            if is_admitted:
                with lock:
                    running += 1
                    most = max(most, running)
                time.sleep(0.002)
                with lock:
                    running -= 1
            return is_admitted

    with ThreadPoolExecutor(20) as pool:
        admitted = list(pool.map(ask, range(300)))
    assert True in admitted
    assert False in admitted
    assert most == 2
    with ExitStack() as stack:
        assert [stack.enter_context(turns.turn("later")) for _ in range(2)] == [True, True]
