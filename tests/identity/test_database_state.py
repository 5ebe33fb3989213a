"""How far two clocks are apart, if the answer took its time."""

from datetime import UTC, datetime, timedelta

import pytest
from identity.clock import FixedClock
from identity.database_state import ServerState, clock_fault, measure_lead

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


# Seconds: of the answer's way, of the server's clock at the end of it, and of what is left.
@pytest.mark.parametrize(
    ("way", "server", "lead"),
    [
        (0, 0, 0),
        (0, 0.9, 0),
        (0, 5, 4),
        (0, -5, -5),
        # The whole way may lie before the server read its clock, or behind.
        (3, 0, 0),
        (3, 3, 0),
        (3, 8, 4),
        (3, -2, -2),
    ],
)
def test_the_way_of_the_answer_does_not_count(way: int, server: float, lead: int) -> None:
    clock = FixedClock(NOW)

    def read() -> ServerState:
        clock.advance(timedelta(seconds=way))
        return ServerState(NOW + timedelta(seconds=server), is_pooled=False)

    assert measure_lead(read, clock)[1] == timedelta(seconds=lead)


def test_a_file_has_no_other_clock() -> None:
    assert measure_lead(lambda: None, FixedClock(NOW)) == (None, timedelta())


@pytest.mark.parametrize("seconds", [60, -60, 0])
def test_a_minute_passes_for_the_same_time(seconds: int) -> None:
    assert clock_fault(timedelta(seconds=seconds)) == ""


@pytest.mark.parametrize(("seconds", "words"), [(7200, "7200 seconds behind"), (-61, "61 seconds ahead of")])
def test_an_operator_reads_which_clock_is_wrong_and_what_to_do(seconds: int, words: str) -> None:
    fault = clock_fault(timedelta(seconds=seconds))
    assert f"this machine's clock is {words} the database's" in fault
    assert "timedatectl" in fault
