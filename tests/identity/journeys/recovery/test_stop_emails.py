"""The link "Stop emails that others ask for": the mailbox's owner ends what strangers cause."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from identity.audit.models import AuditEvent
from sqlalchemy import select

JANE = "jane@example.com"


@pytest.fixture
def ask(at):
    """Return a function that asks for a link in a browser."""

    def fill_in(who):
        who.open(at("/forgot-password"))
        return who.press("Send Email", email=JANE)

    return fill_in


@pytest.fixture
def link(ask, make_browser, resident, mailbox):
    """Return the path of the link in a mail that a stranger asked for."""
    ask(make_browser("198.18.0.7"))
    (mail,) = mailbox.of(JANE)
    parts = urlsplit(mail.facts["stop_link"])
    mailbox.clear()
    return f"{parts.path}?{parts.query}#{parts.fragment}"


@pytest.fixture
def strangers_ask(ask, make_browser):
    """Return a function that lets strangers in new networks ask."""

    def ask_all():
        for number in range(50, 53):
            assert ask(make_browser(f"198.18.{number}.7")).title == "Email sent!"

    return ask_all


def test_its_button_stops_them_for_a_week(browser, link, strangers_ask, mailbox, clock):
    assert browser.open(link).title == "Stop these emails"
    assert "j•••@example.com" in browser.page.main
    page = browser.press("Stop these emails")
    assert page.title == "These emails are stopped"
    strangers_ask()
    assert mailbox.all() == []
    clock.advance(timedelta(days=7))
    strangers_ask()
    assert mailbox.of(JANE)


def test_the_owners_device_is_mailed_all_the_same(browser, link, ask, mailbox):
    browser.sign_in(JANE)
    browser.open(link)
    browser.press("Stop these emails")
    ask(browser)
    assert mailbox.newest(JANE, "reset_password")


def test_the_same_page_sends_them_again(browser, link, strangers_ask, mailbox):
    browser.open(link)
    browser.press("Stop these emails")
    assert browser.open(link).title == "These emails are stopped"
    assert browser.press("Send these emails again").title == "We send these emails again"
    strangers_ask()
    assert mailbox.of(JANE)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_it_changes_nothing(browser, make_browser, link, strangers_ask, mailbox, method):
    for _ in range(3):
        other = make_browser()
        other.open(link)
        other.client.open(other.page.url, method=method)
    strangers_ask()
    assert mailbox.of(JANE)


def test_a_form_of_another_website_changes_nothing(browser, link, strangers_ask, mailbox):
    browser.open(link)
    page = browser.post(browser.page.url, {"action": "stop", "csrf_token": "made up"})
    assert page.form("Stop these emails")
    strangers_ask()
    assert mailbox.of(JANE)


def test_unknown_and_tampered(browser, link):
    for path in ("/stop-emails?token=made-up", link[:-5] + "AAAAA"):
        page = browser.open(path)
        assert (page.status, page.title) == (400, "This link does not work any more")


def test_it_is_recorded(browser, link, storage, resident):
    browser.open(link)
    browser.press("Stop these emails")
    browser.press("Send these emails again")
    with storage.transaction() as tx:
        events = tx.scalars(select(AuditEvent).where(AuditEvent.event.startswith("emails_"))).all()
    assert sorted(event.event for event in events) == ["emails_resumed", "emails_stopped"]
    assert {event.resident_id for event in events} == {resident}
