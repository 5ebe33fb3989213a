"""Pages that are made once for all browsers, with marks where they differ, and filled in for each.

A page is made from a request without query and cookies, so the marks are the only way into it. To fill it in
takes a tenth of what it takes to render it (docs/decisions/0079).
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, render_template, request
from flask import session as page_state
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from identity.continuation import PARAMETER, Continuation
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.web import language
from identity.web.pages import Pages, Shell

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Never in a page of ours.
_MARK = token_hex(16)
# As the name of an argument in a query, a mark is followed by the sign of its empty value.
_MARKS = re.compile(f"{_MARK}-([A-Za-z_]+)-=?")
_CSRF_TOKEN, _HERE, _IN = "csrf_token", "here", "in_"
# Flask's own name.
_FLASHES = "_flashes"
_MOST_KEPT = 500


def mark(name: str) -> str:
    """Return what stands in a page for the text of this name: letters, digits and hyphens."""
    return f"{_MARK}-{name}-"


class MarkedPage:
    """A page with marks."""

    def __init__(self, html: str) -> None:
        # Between the marks, each followed by the name of the next.
        self._pieces = _MARKS.split(html)
        self._names = frozenset(self._pieces[1::2])

    def has(self, name: str) -> bool:
        """Tell whether a text of this name is filled in."""
        return name in self._names

    def fill_in(self, texts: Mapping[str, str]) -> str:
        """Return the page with these texts, escaped, in place of its marks."""
        pieces = self._pieces.copy()
        for place in range(1, len(pieces), 2):
            pieces[place] = escape(texts[pieces[place]])
        return "".join(pieces)


@contextmanager
def request_of_no_browser(app: Flask, environ: "WSGIEnvironment", query: Mapping[str, str]) -> Iterator[None]:
    """Let a page be made as for a request that has nothing of this one but its host and path."""
    bare = {**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": urlencode(query), "HTTP_COOKIE": ""}
    # A context of its own, where nothing is kept of the request under way.
    with app.app_context(), app.request_context(bare):
        yield


@dataclass(frozen=True)
class _Kept:
    page: MarkedPage
    # It is made anew when they change.
    city: RegisteredCity | None
    client: RegisteredClient | None


class MarkedPages:
    """Pages by what they show, for each website and language."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._kept: dict[Hashable, _Kept] = {}

    def expire(self) -> None:
        """Make every page anew at its next use."""
        self._kept.clear()

    def render(
        self,
        template: str,
        continuation: Continuation,
        facts: Mapping[str, Hashable],
        texts: Mapping[str, str],
        context: Callable[[Mapping[str, str]], Mapping[str, object]],
    ) -> Response:
        """Return what `Pages.render` returns, with little work.

        `facts` decide what the page shows: few for each website. `texts` differ from browser to browser, and
        `context` is called with marks in their place, or with them where a page cannot be kept.
        """
        if page_state.get(_FLASHES):
            shown_once = {**facts, **context(texts)}
            return self._pages.render(template, continuation, HTTPStatus.OK, retry_after=0, **shown_once)
        shell, is_carried = self._pages.shell(continuation), continuation != Continuation()
        shown = tuple(name for name, text in texts.items() if text)
        key = (template, shell.language, request.script_root, is_carried, shown, *facts.values())
        website = (shell.client and shell.client.id, shell.city and shell.city.id)
        kept = self._kept.get((website, key))
        if kept is None or (kept.city, kept.client) != (shell.city, shell.client):
            marks = {name: mark(name) if text else "" for name, text in texts.items()}
            page = self._make(template, shell, {**facts, **context(marks)}, is_carried=is_carried)
            kept = _Kept(page, shell.city, shell.client)
            self._keep((website, key), kept)
        urls = {f"{_IN}{link.tag}": link.url for link in shell.languages}
        filled = {**texts, _HERE: shell.here, **urls}
        # A token that no form needs would be a cookie for nothing.
        if kept.page.has(_CSRF_TOKEN):
            filled[_CSRF_TOKEN] = generate_csrf()
        if kept.page.has(PARAMETER):
            filled[PARAMETER] = quote(self._pages.sign(continuation))
        return self._pages.respond(kept.page.fill_in(filled), shell)

    def _make(
        self, template: str, shell: Shell, context: Mapping[str, object], *, is_carried: bool
    ) -> MarkedPage:
        languages = [replace(link, url=mark(f"{_IN}{link.tag}")) for link in shell.languages]
        carried = {PARAMETER: mark(PARAMETER)} if is_carried else {}
        with request_of_no_browser(current_app, request.environ, {language.PARAMETER: shell.language}):
            html = render_template(
                template,
                shell=replace(shell, languages=languages),
                link=lambda path, **arguments: self._pages.address(path, arguments | carried),
                here=mark(_HERE),
                csrf_token=lambda: mark(_CSRF_TOKEN),
                **context,
            )
        return MarkedPage(html)

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = kept
