import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from identity.database_probe import DatabaseProbe

CALLERS = 10


def test_it_tells_what_the_database_answers():
    answers = iter([True, False, True])
    probe = DatabaseProbe(lambda: next(answers))
    assert [probe.succeeds() for _ in range(3)] == [True, False, True]


def test_many_callers_share_one_question_and_none_waits_long():
    asked, release = [], threading.Event()

    def hang() -> bool:
        asked.append(threading.current_thread())
        return release.wait(10)

    probe = DatabaseProbe(hang)
    began = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda _: probe.succeeds(), range(CALLERS)))
    assert answers == [False] * CALLERS
    assert time.monotonic() - began < 2
    assert not probe.succeeds()
    assert len(asked) == 1

    release.set()
    while not probe.succeeds():
        assert time.monotonic() - began < 10
    # The first question may be answered just now, or a second one.
    assert len(asked) <= 2


def test_a_fault_is_not_taken_for_an_answer():
    probe = DatabaseProbe(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        probe.succeeds()
