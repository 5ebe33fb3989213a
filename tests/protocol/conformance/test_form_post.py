"""What the Form Post Basic plan asks beyond the Basic plan, whose modules `test_basic.py` runs so too."""

from typing import Any

import pytest
from page import Page


@pytest.fixture
def response_mode() -> str:
    return "form_post"


def test_the_answer_is_a_form_that_posts_itself(suite: Any):
    response = suite.authorize()
    page = Page.ok(response)
    assert response.mimetype == "text/html"
    assert response.headers["Cache-Control"] == "no-store"
    page.only("//form[@data-submit-at-once]")
    script = page.only("//script[starts-with(@src, '/static/js/form-post.js')]")
    assert "defer" in script.attrib


def test_code_and_state_are_in_the_form_and_nowhere_else(suite: Any):
    response = suite.authorize()
    answer = suite.answer(response)
    assert set(answer) == {"code", "state", "iss"}
    assert response.get_data(as_text=True).count(answer["code"]) == 1
    assert answer["code"] not in str(response.headers)


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"response_type": "token"}, "unsupported_response_type"), ({"max_age": "x"}, "invalid_request")],
)
def test_errors_are_posted_too(suite: Any, changes: dict[str, str], error: str):
    answer = suite.answer(suite.authorize(**changes))
    assert (answer["error"], answer["state"]) == (error, "the-state")


def test_the_mode_is_advertised(suite: Any):
    document = suite.browser.get("/.well-known/openid-configuration").json
    assert "form_post" in document["response_modes_supported"]
