"""An address that the mail server refuses: the page that waits for its code says so, and no other does."""

from datetime import timedelta

import pytest
from identity.mail.messages import Recipient, no_account
from identity.mail_refusals import StoredRefusals

ADDRESS = "nia@exmaple.com"
REFUSED = "The email could not be delivered"


@pytest.fixture
def refuse(storage, clock):
    """Return a function after which the mail server has refused an address."""

    def refuse(address=ADDRESS):
        mail = no_account(Recipient(address, "en", None), sign_up_link="https://id/sign-up")
        StoredRefusals(storage).note_refused(mail, "550 5.1.1", clock.now())

    return refuse


def test_the_page_says_so_and_offers_to_change_it(sign_up, browser, refuse):
    waiting = sign_up(ADDRESS)
    assert REFUSED not in waiting.main
    refuse("NIA@exmaple.com")
    page = browser.open(waiting.url)
    assert page.title == "Your email address is not verified yet"
    assert f"<title>Error: {REFUSED}" in page.source
    assert REFUSED in page.main
    assert f"The mailbox provider does not take email for {ADDRESS}" in page.main
    assert "550" not in page.source
    page = browser.follow("Change the address")
    assert page.form("Sign up")[1]["email"] == ADDRESS


def test_the_script_of_the_page_learns_it(sign_up, browser, make_browser, refuse):
    waiting = sign_up(ADDRESS)
    (script,) = waiting.root.xpath("//script[@data-ask]")
    assert "mail_refused.js" in script.get("src")
    ask = script.get("data-ask")
    assert browser.client.get(ask).json == {"refused": False}
    refuse()
    assert browser.client.get(ask).json == {"refused": True}
    # Another browser learns nothing of it.
    assert make_browser().client.get(ask).json == {"refused": False}
    assert not browser.open(waiting.url).root.xpath("//script[@data-ask]")


def test_the_mail_can_be_asked_for_again(sign_up, browser, refuse, mailbox, clock, storage):
    waiting = sign_up(ADDRESS)
    refuse()
    browser.open(waiting.url)
    mailbox.clear()
    browser.press("Send it again")
    (mail,) = mailbox.all()
    StoredRefusals(storage).note_taken(mail)
    assert REFUSED not in browser.open(waiting.url).main


def test_it_is_told_alike_of_an_address_that_has_an_account(sign_up, browser, refuse, add_resident):
    add_resident(ADDRESS)
    taken = sign_up(ADDRESS)
    free = sign_up("free@exmaple.com")
    pages = []
    for waiting, address in ((taken, ADDRESS), (free, "free@exmaple.com")):
        refuse(address)
        pages.append(browser.open(waiting.url).main.replace(address, ""))
    assert pages[0] == pages[1]
    assert REFUSED in pages[0]


def test_what_was_refused_before_is_told_once_this_mail_is(sign_up, refuse, clock, browser):
    refuse()
    clock.advance(timedelta(seconds=1))
    waiting = sign_up(ADDRESS)
    assert REFUSED not in waiting.main
    refuse()
    assert REFUSED in browser.open(waiting.url).main


@pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
def test_pages_for_any_address_say_nothing(browser, at, refuse, add_resident, path):
    add_resident(ADDRESS)
    refuse()
    pages = []
    for address in (ADDRESS, "other@example.com"):
        browser.open(at(path))
        page = browser.press("Send Email", email=address)
        pages.append((page.status, page.source.replace(address, "")))
    assert pages[0] == pages[1]
    assert REFUSED not in pages[0][1]
