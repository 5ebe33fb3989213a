"""A provider that does not answer, or not sensibly: the page says so, with the way back, and soon."""

import time

import pytest
from identity.audit.events import Event
from simulated_providers import SHORT


@pytest.fixture
def limits():
    """Return short limits."""
    return SHORT


def said_so(page, name):
    assert page.status == 503
    assert page.title == f"{name} cannot be reached"
    assert "It is not your fault." in page.main
    assert "continue=" in page.link("Back to sign in")
    assert page.link("Continue to Citizen Self Service") == "http://127.0.0.1:8080/sign-in"


@pytest.mark.parametrize("fault", ["error", "html", "huge", "deep", "redirect", "slow", "drip"])
@pytest.mark.parametrize(
    ("provider", "person", "name"),
    [("google", "grace", "Google"), ("apple", "rosa", "Apple"), ("facebook", "felix", "Facebook")],
)
def test_at_the_answer(traveller, behaviours, residents, at, fault, provider, person, name):
    behaviours[provider].faults = {"token": fault}
    started = time.monotonic()
    page = traveller.sign_in(provider, person, at("/sign-in"))
    said_so(page, name)
    assert time.monotonic() - started < 10
    assert residents() == []


def test_at_the_start(traveller, behaviours, at, events, app):
    behaviours["google"].faults = {"discovery": "error"}
    traveller.browser.open(at("/sign-in"))
    page = traveller.browser.press("Sign in with Google")
    said_so(page, "Google")
    assert [event.event for event in events()] == [Event.SIGN_IN_FAILED]


def test_it_works_again_once_the_provider_does(traveller, behaviours):
    behaviours["google"].faults = {"token": "error"}
    traveller.sign_in("google", "grace")
    behaviours["google"].reset()
    page = traveller.come_back(traveller.pick(traveller.press("google"), "grace"))
    assert page.title == "Your profile"


def test_nothing_of_a_providers_own_words_reaches_the_page(traveller, behaviours):
    behaviours["google"].callback = {
        "code": None,
        "error": "server_error",
        "error_description": "<b>call this number</b>",
    }
    page = traveller.sign_in("google", "grace")
    assert "call this number" not in page.source


def test_a_rotated_key_is_looked_up(traveller, make_traveller, behaviours, clock):
    traveller.sign_in("google", "grace")
    behaviours["google"].rotate_keys = True
    assert make_traveller().sign_in("google", "grace").title == "Your profile"


def test_the_other_ways_in_are_not_affected(browser, resident, behaviours):
    behaviours["google"].faults = {"discovery": "slow"}
    started = time.monotonic()
    assert browser.sign_in("jane@example.com").title == "Your profile"
    assert time.monotonic() - started < 2
