"""Requests to identity: few at once, and none for a moment after several in a row without an answer."""

import pytest
from portal.circuit_breaker import FAILURES
from portal.errors import CodeRefusedError, GrantEndedError, IdentityUnavailableError
from portal.identity_client.call_limit import CallLimit


def fail(limit: CallLimit, error: Exception) -> None:
    with pytest.raises(type(error)), limit.call():
        raise error


def test_after_several_failures_in_a_row_the_next_call_is_refused() -> None:
    limit = CallLimit(1)
    for _ in range(FAILURES):
        fail(limit, IdentityUnavailableError("no answer"))

    with pytest.raises(IdentityUnavailableError, match="not asked"), limit.call():
        pytest.fail("the call was admitted")


@pytest.mark.parametrize("error", [GrantEndedError("over"), CodeRefusedError("used before")])
def test_what_identity_refuses_is_an_answer(error: Exception) -> None:
    limit = CallLimit(1)
    for _ in range(FAILURES):
        fail(limit, error)

    with limit.call():
        pass


def test_more_calls_than_may_wait_are_refused() -> None:
    limit = CallLimit(1)

    with limit.call(), pytest.raises(IdentityUnavailableError, match="too many"), limit.call():
        pytest.fail("the call was admitted")


def test_residents_are_told_while_identity_is_not_asked(resident, identity, billing_link, clock) -> None:
    identity.answers["/userinfo"] = (500, "text/html", b"")
    for _ in range(FAILURES + 2):
        page = resident.page("/home")

    assert "Profile information not found." in page.text
    assert len(identity.asked("/userinfo")) == FAILURES
