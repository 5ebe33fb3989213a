"""Signing out by the resident."""


def test_showing_the_page_ends_no_session(browser, resident):
    browser.sign_in("jane@example.com")
    assert browser.open("/sign-out").title == "Sign out"
    assert browser.open("/profile").title == "Your profile"


def test_the_button_ends_the_session_on_the_server(browser, resident):
    browser.sign_in("jane@example.com")
    secret = browser.cookie("session")
    browser.open("/sign-out")
    page = browser.press("Sign out")
    assert page.title == "You are signed out"
    assert browser.cookie("session") is None
    browser.client.set_cookie("session", secret)
    assert browser.open("/profile").title != "Your profile"


def test_afterwards_the_way_back_to_the_city_is_there_and_nothing_typed_is_kept(browser, resident, at):
    browser.sign_in("jane@example.com", url=at("/sign-in"))
    browser.open(at("/sign-out"))
    page = browser.press("Sign out")
    assert page.link("Back to the website of the City of Pinellas Park") == "http://127.0.0.1:8090/"
    assert browser.follow("Sign in again").form("Sign in")[1]["email"] == ""


def test_an_old_page_asks_again_instead_of_failing(browser, resident):
    browser.sign_in("jane@example.com")
    assert browser.post("/sign-out", {"csrf_token": "old"}).form("Sign out")
