"""A minimal browser for the sign-in before a measurement: redirects, forms, cookies."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from benchmarks.processes import BenchmarkError

MOST_REDIRECTS = 10
SECONDS_TO_ANSWER = 20


class Browser:
    """One browser session. It stops at a redirect to another origin, such as a client's redirect URI."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._session = requests.Session()
        # No proxy of the environment: the server is on this machine.
        self._session.trust_env = False
        self._page = requests.Response()
        self.address = ""

    def open(self, address: str) -> None:
        """Go to an address."""
        self._show("GET", address, {})

    def form(self) -> dict[str, str]:
        """Return the hidden fields of the page's form."""
        return self._form().values

    def submit(self, **typed: str) -> None:
        """Submit the form of the page with these fields filled in."""
        form = self._form()
        self._show("POST", urljoin(self.address, form.action), form.values | typed)

    def post(self, address: str, **typed: str) -> None:
        """Post these fields to an address, with the hidden fields of the page's form."""
        self._show("POST", address, self.form() | typed)

    def cookies(self, address: str) -> str:
        """Return the `Cookie` header that a request to this address carries."""
        return self._session.prepare_request(requests.Request("GET", address)).headers.get("Cookie", "")

    def _form(self) -> "_Form":
        form = _Form()
        form.feed(self._page.text)
        return form

    def _show(self, method: str, address: str, form: dict[str, str]) -> None:
        for _ in range(MOST_REDIRECTS):
            self.address = address
            if not address.startswith(self._origin):
                return
            self._page = self._session.request(
                method, address, data=form, allow_redirects=False, timeout=SECONDS_TO_ANSWER
            )
            if not self._page.is_redirect:
                break
            method, form = "GET", {}
            address = urljoin(address, self._page.headers["Location"])
        if self._page.status_code != requests.codes.ok:
            raise BenchmarkError(f"{method} {address}: {self._page.status_code}\n{self._page.text[:1000]}")


class _Form(HTMLParser):
    """The hidden fields of the first form with method POST, and their values."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}
        self._seen = self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the form and its hidden fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post" and not self._seen:
            self._seen = self._inside = True
            self.action = given.get("action", "")
        if tag == "input" and self._inside and given.get("type") == "hidden" and "name" in given:
            self.values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Record the end of the form."""
        self._inside = self._inside and tag != "form"
