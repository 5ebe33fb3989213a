"""An owner whose address strangers fill in on every page, from any number of networks."""

from datetime import timedelta
from itertools import cycle

import pytest

PASSWORD = "seven herons over the pond"
NEW_PASSWORD = "four tall palms in the wind"
JANE = "jane@example.com"


@pytest.fixture
def ask(at):
    """Return a function that fills in the address on a page and returns the page after it."""

    def fill_in(who, path="/forgot-password", email=JANE):
        who.open(at(path))
        return who.press("Send Email", email=email)

    return fill_in


@pytest.fixture
def strangers(make_browser):
    """Return a function that starts browsers in as many networks."""
    return lambda count: [make_browser(f"198.18.{number}.7") for number in range(count)]


@pytest.fixture
def attacked(ask, strangers, sign_up, resident):
    """Let four strangers ask for help twenty times on each page, and sign up."""
    for _, stranger in zip(range(20), cycle(strangers(4)), strict=False):
        for path in ("/forgot-password", "/unlock-account"):
            assert ask(stranger, path).title == "Email sent!"
        sign_up(JANE, stranger)


@pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
def test_the_owner_is_answered_as_always(ask, attacked, make_browser, path):
    page = ask(make_browser("203.0.113.7"), path)
    assert (page.status, page.title) == (200, "Email sent!")


def test_and_so_at_sign_up(attacked, make_browser, sign_up):
    assert sign_up(JANE, make_browser("203.0.113.7")).title == "Verification email sent"


def test_the_owner_gets_in_by_what_is_in_the_mailbox(ask, attacked, make_browser, mailbox):
    owner = make_browser("203.0.113.7")
    ask(owner)
    owner.open(mailbox.newest(JANE, "reset_password").link)
    owner.press("Reset your password", password=NEW_PASSWORD)
    assert owner.press("Sign in", password=NEW_PASSWORD).hops == ["/help"]


def test_the_owner_gets_a_handful_of_mails_each_with_the_way_to_stop_them(attacked, mailbox):
    mails = mailbox.of(JANE)
    assert len(mails) <= 8
    assert all(mail.facts["stop_link"].startswith("http://localhost:8000/stop-emails?") for mail in mails)


@pytest.mark.parametrize("networks", [5, 40])
def test_a_link_of_the_first_minute_works_until_the_last(
    ask, strangers, resident, make_browser, mailbox, clock, networks
):
    owner = make_browser("203.0.113.7")
    ask(owner)
    mail = mailbox.newest(JANE, "reset_password")
    clock.advance(timedelta(minutes=1))
    for stranger in strangers(networks):
        ask(stranger)
    clock.advance(timedelta(minutes=28))
    owner.open(mail.link)
    assert "was changed" in owner.press("Reset your password", password=NEW_PASSWORD).main


def test_a_used_link_ends_every_other_of_either_page(ask, strangers, resident, make_browser, mailbox):
    owner, stranger = make_browser("203.0.113.7"), *strangers(1)
    for _ in range(10):
        stranger.sign_in(JANE, "wrong password")
    for browser in (owner, stranger):
        ask(browser)
        ask(browser, "/unlock-account")
    links = [mail.link for mail in mailbox.of(JANE) if "link" in mail.facts]
    assert {link.partition("?")[0] for link in links} == {"/reset-password", "/unlock"}
    owner.open(mailbox.newest(JANE, "reset_password").link)
    owner.press("Reset your password", password=NEW_PASSWORD)
    assert {owner.open(link).title for link in links} == {"This link does not work any more"}


class TestADeviceThatTheOwnerHasUsed:
    @pytest.fixture
    def device(self, make_browser, resident):
        browser = make_browser("203.0.113.7")
        browser.sign_in(JANE)
        return browser

    def test_gets_a_mail_of_its_own_whatever_strangers_asked(self, ask, device, strangers, mailbox):
        for stranger in strangers(40):
            ask(stranger)
        before = len(mailbox.of(JANE))
        ask(device)
        assert len(mailbox.of(JANE)) == before + 1

    def test_is_not_held_up_by_its_neighbours(self, ask, device, make_browser, settings, mailbox):
        neighbour = make_browser(device.address)
        for number in range(settings.mails_per_hour + 1):
            page = ask(neighbour, email=f"pat{number}@example.com")
        assert page.status == 429
        assert ask(device).title == "Email sent!"
        assert mailbox.newest(JANE, "reset_password")

    def test_serves_no_other_address(self, ask, device, settings):
        for number in range(settings.mails_per_hour + 1):
            page = ask(device, email=f"pat{number}@example.com")
        assert page.status == 429


def test_wrong_passwords_from_everywhere_cause_a_few_notices(strangers, federated, resident, mailbox, clock):
    for stranger in strangers(12):
        for email in (JANE, "gina@example.com"):
            for _ in range(10):
                stranger.sign_in(email, "wrong password")
                clock.advance(timedelta(minutes=2))
    assert 1 <= len(mailbox.of(JANE)) <= 8
    assert 1 <= len(mailbox.of("gina@example.com")) <= 8
