"""When something goes wrong: plain words, a way on, nothing internal."""

import pytest


def test_an_unknown_address_is_explained(visitor) -> None:
    response = visitor.get("/no-such-page")

    assert response.status_code == 404
    assert "We could not find this page" in response.text
    assert "727-369-0690" in response.text


def test_a_wrong_method_names_the_right_one(visitor) -> None:
    assert "GET" in visitor.post("/home").headers["Allow"]


def test_a_fault_shows_no_trace_of_itself(resident, monkeypatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret internals")

    monkeypatch.setattr("portal.home.page.HomePage.load", broken)

    response = resident.get("/home")

    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "secret internals" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_is_json(visitor, path: str) -> None:
    response = visitor.get(path)

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_not_ready_without_a_database_and_still_alive(visitor, monkeypatch) -> None:
    monkeypatch.setattr("portal.storage.Storage.is_reachable", lambda _self: False)

    ready = visitor.get("/health/ready")

    assert (ready.status_code, ready.json) == (503, {"status": "unavailable"})
    assert visitor.get("/health/live").status_code == 200


def test_ready_while_identity_and_billing_are_away(visitor, identity) -> None:
    identity.answers["/cities/pinellas-park"] = (503, "text/html", b"")

    assert visitor.get("/health/ready").status_code == 200
