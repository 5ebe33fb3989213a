"""Mailed links: their token reaches the service in a form, never in a URL; opening one changes nothing."""

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from identity.residents.action_links.store import LINKS
from sqlalchemy import select


@pytest.fixture
def link(browser, resident, at, mailbox):
    """Return the link that resets Jane's password."""
    browser.open(at("/forgot-password"))
    browser.press("Send Email", email="jane@example.com")
    return mailbox.newest("jane@example.com", "reset_password").link


@pytest.fixture
def rows(storage):
    """Return a function that reads all links."""

    def read():
        with storage.autocommit() as connection:
            return connection.execute(select(LINKS)).all()

    return read


def unpacked(part: str) -> bytes:
    """Return what a part of a cookie that is only signed would show: base64 of JSON, compressed or not."""
    octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        return zlib.decompress(octets)
    except zlib.error:
        return octets


def without_script(browser, link):
    """Open a link in a browser that runs no script."""
    return browser.open(link.partition("#")[0])


def test_the_token_is_in_the_fragment_alone(link, mailbox):
    parts = urlsplit(link)
    assert len(parts.fragment) == 43
    assert parts.fragment not in parts.path + parts.query
    # Programs that find links in plain text leave such characters at the end out.
    assert parts.fragment[-1] not in "-_"


def test_the_script_hands_it_over_and_the_page_has_it_in_no_address(browser, link):
    page = browser.open(link)
    token = urlsplit(link).fragment
    assert page.title == "Reset your password"
    assert token not in "".join([page.url, *page.hops, page.source])
    assert urlsplit(page.url).path == "/reset-password"


def test_a_reload_another_language_and_the_form_need_the_address_alone(browser, link):
    url = browser.open(link).url
    assert browser.open(url).title == "Reset your password"
    assert browser.open(f"{url}&lang=es").lang == "es"
    browser.open(f"{url}&lang=en")
    page = browser.press("Reset your password", password="x")
    assert page.status == 422


def test_without_a_script_the_resident_pastes_the_link(browser, link):
    page = without_script(browser, link)
    assert (page.status, page.title) == (200, "Open the link from the email")
    assert "open_link.js" in page.source
    pasted = browser.press("Continue", link=f"  http://localhost:8000{link} ")
    assert pasted.title == "Reset your password"


def test_what_is_no_link_is_refused_at_the_field(browser, link):
    for typed in ("", "not a link", "https://id.example.gov/reset-password?a=b", "x" * 5000, "é" * 40):
        without_script(browser, link)
        page = browser.press("Continue", link=typed)
        assert page.status == 422
        assert page.element("link").get("aria-invalid") == "true"


def test_opening_it_writes_nothing(browser, make_browser, link, rows):
    before = rows()
    browser.open(link)
    make_browser().client.head(link.partition("#")[0])
    without_script(make_browser(), link)
    assert rows() == before


def test_two_links_are_open_side_by_side(browser, link, sign_up, mailbox):
    reset = browser.open(link).url
    sign_up()
    verify = browser.open(mailbox.newest("new@example.com", "verify_registration").link).url
    assert browser.open(reset).title == "Reset your password"
    assert browser.open(verify).title == "Verify registration"


def test_another_browser_cannot_use_the_address_of_the_page(browser, make_browser, link):
    url = browser.open(link).url
    assert make_browser().open(url).title == "Open the link from the email"


def test_a_link_of_an_older_release_works_and_leaves_the_address(browser, link):
    path, token = link.partition("?")[0], urlsplit(link).fragment
    page = browser.open(f"{path}?token={token}&lang=es&path=x&continuation=y")
    assert page.status == 200
    assert page.lang == "es"
    assert "token" not in parse_qs(urlsplit(page.url).query)


def test_a_form_that_lost_its_cookie_asks_again(browser, link):
    page = without_script(browser, link)
    action, fields = page.form("Continue")
    browser.client.delete_cookie("page")
    again = browser.post(action, fields | {"link": urlsplit(link).fragment})
    assert (again.status, again.title) == (400, "Open the link from the email")


def test_the_cookie_shows_no_address_and_no_token(browser, link):
    browser.open(link)
    with browser.client.session_transaction() as state:
        assert "jane@example.com" in repr(dict(state))
    cookie = browser.cookie("page")
    decoded = b"".join(unpacked(part) for part in cookie.split("."))
    for secret in ("jane", urlsplit(link).fragment):
        assert secret not in cookie
        assert secret.encode() not in decoded
