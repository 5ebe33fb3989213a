"""The cookie that names a browser in which a resident has signed in before."""

from flask import Flask, Response
from identity.secret_keys import SecretKeys
from identity.web.cookies import Cookies
from identity.web.devices import Devices

JANE, JOHN = "jane@example.com", "john@example.com"
OLD, NEW = (f"{name}{'-' * 32}" for name in ("old", "new"))


class Browser:
    """Keeps the cookie between requests to services that have these keys."""

    def __init__(self, settings) -> None:
        self._cookies, self._value = Cookies(settings), ""
        self._app = Flask("identity")

    def _request(self):
        sent = {"Cookie": f"{self._cookies.full_name('device')}={self._value}"}
        return self._app.test_request_context(headers=sent)

    def known_for(self, email_key, *keys: str):
        with self._request():
            return Devices(self._cookies, SecretKeys(keys)).known_for(email_key)

    def sign_in(self, email_key, *keys: str):
        with self._request():
            response = Response()
            Devices(self._cookies, SecretKeys(keys)).remember(response, email_key, generation=0)
            self._value = response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def test_a_device_stays_known_while_both_keys_are_configured_and_afterwards(checked_settings):
    browser = Browser(checked_settings)
    browser.sign_in(JANE, OLD)
    browser.sign_in(JOHN, OLD)
    device = browser.known_for(JANE, OLD)
    assert device
    assert browser.known_for(JANE, NEW, OLD) == device
    browser.sign_in(JANE, NEW, OLD)
    # Moved by the sign-in: known without the old key, as the same device. John has not signed in since.
    assert browser.known_for(JANE, NEW) == device
    assert browser.known_for(JOHN, NEW, OLD) == device
    assert browser.known_for(JOHN, NEW) is None


def test_the_household_keeps_one_entry_for_each_address(checked_settings):
    browser = Browser(checked_settings)
    for number in range(5):
        browser.sign_in(f"{number}@example.com", OLD)
    browser.sign_in("0@example.com", NEW, OLD)
    assert all(browser.known_for(f"{number}@example.com", NEW, OLD) for number in range(5))
