"""`/health/live` and `/health/ready`."""

from datetime import UTC, datetime

import pytest
from portal.clock import FixedClock


@pytest.fixture(autouse=True)
def _clock_of_the_database(clock: FixedClock) -> None:
    """Set the clock right: readiness compares it with the database's."""
    clock.advance(datetime.now(UTC) - clock.now())


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_is_json(visitor, path: str) -> None:
    response = visitor.get(path)

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_not_ready_without_a_database_and_still_alive(visitor, monkeypatch) -> None:
    monkeypatch.setattr("portal.database_probe.DatabaseProbe.succeeds", lambda _self: False)

    ready = visitor.get("/health/ready")

    assert (ready.status_code, ready.json) == (503, {"status": "unavailable"})
    assert visitor.get("/health/live").status_code == 200


def test_ready_while_identity_and_billing_are_away(visitor, identity) -> None:
    identity.answers["/cities/pinellas-park"] = (503, "text/html", b"")

    assert visitor.get("/health/ready").status_code == 200
