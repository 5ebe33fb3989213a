"""Opens mailed links: takes the token from the link's fragment, or from the link that a resident pastes."""

import re
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request
from flask_babel import gettext

from identity.web import language, link_tokens, messages
from identity.web.csrf import Csrf
from identity.web.forms import PageForm, lazy_gettext, text_field
from identity.web.mail_links import LINK_PATHS
from identity.web.pages import Pages

_LONGEST_LINK = 4000
# What `randomness.secret` returns, the longer ones of `MailBudget`, and texts that are no token: the page
# behind the link says so.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,500}")


class LinkForm(PageForm):
    """A mailed link, or its token."""

    link = text_field(lazy_gettext("Link from the email"), _LONGEST_LINK)


class OpenLinkPages:
    """The page between a mailed link and the page behind it. GET changes nothing but the browser's cookie."""

    def __init__(self, pages: Pages, csrf: Csrf) -> None:
        self._pages = pages
        self._csrf = csrf

    def blueprint(self) -> Blueprint:
        """Return a page beside each page that a mailed link opens."""
        blueprint = Blueprint("open_link", __name__)
        blueprint.before_app_request(self._ask_for_token)
        for path in LINK_PATHS:
            blueprint.post(f"{path}/open", endpoint=_endpoint(path))(self.open)
            self._csrf.when_expired(f"open_link.{_endpoint(path)}", self._show_expired)
        return blueprint

    def open(self) -> Response:
        """Take the token and go on to the page behind the link."""
        form = LinkForm(request.form)
        if not form.validate():
            return self._render(form, 422)
        token = _token_in(form.link.data or "")
        if token is None:
            form.refuse("link", [gettext("This is no link from our email. Copy the whole link.")])
            return self._render(form, 422)
        return self._go_on(request.path.removesuffix("/open"), token)

    def _ask_for_token(self) -> Response | None:
        if request.path not in LINK_PATHS or request.method not in ("GET", "HEAD"):
            return None
        token = request.args.get(link_tokens.TOKEN, "")
        if _TOKEN.fullmatch(token):
            return self._go_on(request.path, token)
        return None if link_tokens.current() else self._render(LinkForm())

    def _go_on(self, path: str, token: str) -> Response:
        name = link_tokens.remember(token)
        arguments = {link_tokens.NAME: name}
        if chosen := request.args.get(language.PARAMETER):
            arguments[language.PARAMETER] = chosen
        return self._pages.see_other(path, self._pages.continuation(), **arguments)

    def _show_expired(self) -> Response:
        return self._render(LinkForm(request.form), 400, messages.page_too_old())

    def _render(self, form: LinkForm, status: int = 200, failure: str = "") -> Response:
        continuation = self._pages.continuation()
        path = request.path.removesuffix("/open")
        name = request.args.get(link_tokens.NAME, "")
        return self._pages.render(
            "web/open_link.html",
            continuation,
            status,
            form=form,
            failure=failure,
            action=self._pages.url(f"{path}/open", continuation, **{link_tokens.NAME: name}),
        )


def _endpoint(path: str) -> str:
    return path.strip("/").replace("/", "_").replace("-", "_")


def _token_in(typed: str) -> str | None:
    """Return the token of a link that was pasted, of this release or the one before, or of a token alone."""
    parts = urlsplit(typed)
    found = parts.fragment or parse_qs(parts.query).get(link_tokens.TOKEN, [typed])[0]
    return found if _TOKEN.fullmatch(found) else None
