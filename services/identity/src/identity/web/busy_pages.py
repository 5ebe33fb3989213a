"""The answer to a form that sets or checks a password while too many others are under way.

It is the form again, with what was typed but the password. It is made once a minute for each website,
language and form, and filled in for each browser (`marked_pages`), without a statement: a flood of forms
costs other pages little.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug import Request, Response
from wtforms import BooleanField

from identity.continuation import PARAMETER, Continuation, Continuations, SignedContinuation
from identity.errors import UnavailableError
from identity.relying_parties.clients import RegisteredCity
from identity.web import language, messages
from identity.web.forms import PageForm
from identity.web.headers import SecurityHeaders
from identity.web.language import Language
from identity.web.marked_pages import MarkedPage, mark, request_of_no_browser
from identity.web.pages import Pages

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RETRY_AFTER_SECONDS = 10
_KEPT_SECONDS, _MOST_KEPT = 60.0, 500
# What is filled in again: texts of the forms, the read-only name for password managers, the form's token.
_TYPED = ("email", "first_name", "last_name", "username", "csrf_token")
_QUERY = "query"
MARK_OF_ADDRESS = mark("username")


@dataclass(frozen=True)
class PasswordForm:
    """A form that sets or checks a password, as its page shows it."""

    template: str
    form: type[PageForm]
    # What else the template needs, which depends on the city alone.
    facts: Callable[[RegisteredCity | None], Mapping[str, object]]


@dataclass(frozen=True)
class _Marked:
    """A page with marks, and its headers."""

    page: MarkedPage
    headers: list[tuple[str, str]]
    until: float


class BusyPages:
    """Renders the pages, by the path to which their forms are sent."""

    def __init__(
        self,
        forms: Mapping[str, PasswordForm],
        *,
        pages: Pages,
        continuations: Continuations,
        headers: SecurityHeaders,
        language: Language,
    ) -> None:
        self.paths = frozenset(forms)
        self._forms, self._pages, self._continuations = forms, pages, continuations
        self._headers, self._language = headers, language
        self._boxes = {
            path: [field.name for field in form.form() if isinstance(field, BooleanField)]
            for path, form in forms.items()
        }
        self._kept: dict[tuple[object, ...], _Marked] = {}

    def expire(self) -> None:
        """Make every page anew at its next use."""
        self._kept.clear()

    def render(self, app: Flask, request: Request, typed: Mapping[str, str]) -> Response:
        """Return the page for a request: 503 with Retry-After. `typed` is its form."""
        signed = request.args.get(PARAMETER, "")
        read = self._continuations.read(SignedContinuation(signed))
        website = Continuation(client_id=read.client_id, city_id=read.city_id)
        tag = self._language.named_by(request) or "en"
        ticked = frozenset(name for name in self._boxes[request.path] if typed.get(name))
        marked = self._marked(app, request.environ, (request.path, tag, website, ticked))
        query = [
            (name, value) for name, value in request.args.items(multi=True) if name != language.PARAMETER
        ]
        texts = {_QUERY: urlencode(query), PARAMETER: quote(signed)}
        html = marked.page.fill_in(texts | {name: typed.get(name, "") for name in _TYPED})
        return Response(html, 503, marked.headers)

    def _marked(
        self, app: Flask, environ: "WSGIEnvironment", key: tuple[str, str, Continuation, frozenset[str]]
    ) -> _Marked:
        known = self._kept.get(key)
        if known and time.monotonic() < known.until:
            return known
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        path, tag, website, ticked = key
        # Nothing of one visitor may stand in a page that others get too.
        with request_of_no_browser(app, environ, {language.PARAMETER: tag, mark(_QUERY): ""}):
            try:
                response = self._page(path, website, ticked)
            except UnavailableError:
                response = self._page(path, Continuation(), ticked)
            self._headers.complete(response)
            headers = [(name, value) for name, value in response.headers if name != "Content-Length"]
            page = MarkedPage(response.get_data(as_text=True))
        self._kept[key] = _Marked(page, headers, time.monotonic() + _KEPT_SECONDS)
        return self._kept[key]

    def _page(self, path: str, website: Continuation, ticked: frozenset[str]) -> Response:
        form = self._forms[path]
        values: dict[str, object] = {name: mark(name) for name in _TYPED} | dict.fromkeys(ticked, True)
        return self._pages.render(
            form.template,
            website,
            503,
            retry_after=RETRY_AFTER_SECONDS,
            form=form.form(data=values),
            failure=messages.too_busy(),
            csrf_token=lambda: mark("csrf_token"),
            link=self._link,
            **form.facts(self._pages.city_of(website)),
        )

    def _link(self, path: str, **arguments: str) -> str:
        """Return the URL of another page, which carries the visitor's own continuation."""
        return self._pages.address(path, {**arguments, PARAMETER: mark(PARAMETER)})
