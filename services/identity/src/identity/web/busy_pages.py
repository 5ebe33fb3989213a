"""The answer to a form that sets or checks a password while too many others are under way.

It is the form again, with what was typed but the password. It is made once a minute for each website,
language and form, with marks where it differs from browser to browser, and filled in for each: a tenth of the
cost of a page, and no statement, so that a flood of forms costs other pages little.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import Flask
from markupsafe import escape
from werkzeug import Request, Response
from wtforms import BooleanField

from identity.continuation import PARAMETER, Continuation, Continuations, SignedContinuation
from identity.errors import UnavailableError
from identity.relying_parties.clients import RegisteredCity
from identity.web import language, messages
from identity.web.forms import PageForm
from identity.web.headers import SecurityHeaders
from identity.web.language import Language
from identity.web.pages import Pages

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RETRY_AFTER_SECONDS = 10
_KEPT_SECONDS, _MOST_KEPT = 60.0, 500
# What is filled in again: texts of the forms, the read-only name for password managers, the form's token.
_TYPED = ("email", "first_name", "last_name", "username", "csrf_token")
_QUERY = "query"
# Never in a page of ours.
_MARK = token_hex(16)
_MARKS = {name: f"{_MARK}-{name}-" for name in (*_TYPED, PARAMETER, _QUERY)}
MARK_OF_ADDRESS = _MARKS["username"]


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

    html: str
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
        html = marked.html.replace(f"{_MARKS[_QUERY]}=", str(escape(urlencode(query))))
        html = html.replace(_MARKS[PARAMETER], quote(signed))
        for name in _TYPED:
            html = html.replace(_MARKS[name], str(escape(typed.get(name, ""))))
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
        query = urlencode({language.PARAMETER: tag, _MARKS[_QUERY]: ""})
        bare = {**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": query, "HTTP_COOKIE": ""}
        with app.request_context(bare):
            try:
                response = self._page(path, website, ticked)
            except UnavailableError:
                response = self._page(path, Continuation(), ticked)
            self._headers.complete(response)
            headers = [(name, value) for name, value in response.headers if name != "Content-Length"]
            html = response.get_data(as_text=True)
        self._kept[key] = _Marked(html, headers, time.monotonic() + _KEPT_SECONDS)
        return self._kept[key]

    def _page(self, path: str, website: Continuation, ticked: frozenset[str]) -> Response:
        form = self._forms[path]
        values: dict[str, object] = {name: _MARKS[name] for name in _TYPED} | dict.fromkeys(ticked, True)
        return self._pages.render(
            form.template,
            website,
            503,
            retry_after=RETRY_AFTER_SECONDS,
            form=form.form(data=values),
            failure=messages.too_busy(),
            csrf_token=lambda: _MARKS["csrf_token"],
            link=self._link,
            **form.facts(self._pages.city_of(website)),
        )

    def _link(self, path: str, **arguments: str) -> str:
        """Return the URL of another page, which carries the visitor's own continuation."""
        return self._pages.address(path, {**arguments, PARAMETER: _MARKS[PARAMETER]})
