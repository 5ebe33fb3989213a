"""Renders pages in the colours of the city that the resident came from, with the way back to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, render_template, request
from flask import session as page_state
from flask_babel import get_locale, gettext

from identity.continuation import PARAMETER, Continuation, Continuations, SignedContinuation
from identity.errors import Reason
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredCity, RegisteredClient
from identity.web import language
from identity.web.headers import form_action

PRODUCT = "Community Access ID"
_ORIGIN = "origin"
_CACHE = "continuation"


@dataclass(frozen=True)
class LanguageLink:
    """One side of the language switch."""

    tag: str
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Shell:
    """What the layout of a page needs."""

    city: RegisteredCity | None
    client: RegisteredClient | None
    product: str
    language: str
    languages: list[LanguageLink]
    # This page's URL without a language: where its form is sent.
    here: str


class Pages:
    """Renders pages, and redirects between them."""

    def __init__(self, relying_parties: RelyingPartyCache, continuations: Continuations) -> None:
        self._relying_parties = relying_parties
        self._continuations = continuations

    def continuation(self) -> Continuation:
        """Return the continuation in this request's URL; its signature is verified once a request.

        Without one, the page keeps the looks of the website that the browser last came from.
        """
        found = self._read()
        if found.client_id or found.city_id:
            return found
        client_id, city_id = page_state.get(_ORIGIN, ("", ""))
        return replace(found, client_id=client_id, city_id=city_id)

    def continuation_to(self, path: str) -> Continuation:
        """Return a continuation to a page of this service, in the colours of this request's city."""
        here = self.continuation()
        return Continuation(path=path, client_id=here.client_id, city_id=here.city_id)

    def url(self, path: str, continuation: Continuation, **arguments: str) -> str:
        """Return the URL of another page of this service, carrying the continuation."""
        if continuation != Continuation():
            arguments = {**arguments, PARAMETER: self.sign(continuation)}
        return self.address(path, arguments)

    def sign(self, continuation: Continuation) -> SignedContinuation:
        """Return the continuation as URLs carry it."""
        return self._continuations.sign(continuation)

    def address(self, path: str, arguments: Mapping[str, str]) -> str:
        """Return the URL of another page of this service."""
        address = _address(path)
        return f"{address}?{urlencode(arguments)}" if arguments else address

    def see_other(self, path: str, continuation: Continuation, **arguments: str) -> Response:
        """Redirect after a POST (303: the next request is a GET)."""
        return make_response(redirect(self.url(path, continuation, **arguments), 303))

    def redirect_to(self, continuation: Continuation) -> Response:
        """Redirect to where the resident was going."""
        return make_response(redirect(_address(continuation.path), 303))

    def render(
        self,
        template: str,
        continuation: Continuation,
        status: int = 200,
        *,
        retry_after: int = 0,
        **context: object,
    ) -> Response:
        """Return a page in the colours of the continuation's city.

        A page with 429 says `retry_after`, the seconds until the request may be sent again.
        """
        shell = self.shell(continuation)
        facts: dict[str, object] = {
            "shell": shell,
            "link": lambda path, **arguments: self.url(path, continuation, **arguments),
            "here": shell.here,
        }
        html = render_template(template, **facts | context)
        response = self.respond(html, shell, status)
        if retry_after:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def respond(self, html: str, shell: Shell, status: int = 200) -> Response:
        """Return the response with a rendered page, whose forms may lead to the client's addresses."""
        self._remember(shell)
        response = make_response(html, status)
        if shell.client:
            for address in (*shell.client.redirect_uris, shell.client.initiate_login_uri):
                form_action(response, address, any_port=shell.client.is_public)
        return response

    def error(
        self, status: int, heading: str, explanation: str, continuation: Continuation | None = None
    ) -> Response:
        """Return a page that says what went wrong, with the way back."""
        return self.render(
            "web/error.html",
            continuation or self.continuation(),
            status,
            heading=heading,
            explanation=explanation,
        )

    def bare_error(self, status: int, language: str, heading: str, explanation: str) -> Response:
        """Return the same page without a city, for when the city cannot be read."""
        shell = Shell(None, None, PRODUCT, language, [], "")
        html = render_template(
            "web/error.html",
            shell=shell,
            link=_address,
            here=shell.here,
            heading=heading,
            explanation=explanation,
        )
        return make_response(html, status)

    def refused(self, reason: Reason, continuation: Continuation | None = None) -> Response:
        """Return the page for a reason of `errors.Reason`."""
        status, heading, explanation = _refusals()[reason]
        return self.error(status, heading, explanation, continuation)

    def city_of(self, continuation: Continuation) -> RegisteredCity | None:
        """Return the city that the resident came from, if any."""
        return self._find(continuation)[1]

    def default_language(self) -> str:
        """Return the first language of the city that the resident came from."""
        city = self.city_of(self.continuation())
        return city.languages[0] if city and city.languages else "en"

    def time_zone(self) -> str:
        """Return the time zone of the city that the resident came from (IANA), in which pages show times."""
        city = self.city_of(self.continuation())
        return city.time_zone if city else "UTC"

    def _read(self) -> Continuation:
        if _CACHE not in g:
            signed = request.args.get(PARAMETER, "")
            setattr(g, _CACHE, self._continuations.read(SignedContinuation(signed)))
        found: Continuation = g.get(_CACHE)
        return found

    def _find(self, continuation: Continuation) -> tuple[RegisteredClient | None, RegisteredCity | None]:
        client = self._relying_parties.client(continuation.client_id) if continuation.client_id else None
        city_id = continuation.city_id or (client.city_id if client else "")
        return client, self._relying_parties.city(city_id) if city_id else None

    def shell(self, continuation: Continuation) -> Shell:
        """Return what the layout shows in this request."""
        client, city = self._find(continuation)
        current = str(get_locale() or "en")
        here = _here()
        return Shell(city, client, PRODUCT, current, _language_links(here, current), here)

    def _remember(self, shell: Shell) -> None:
        origin = [shell.client.id if shell.client else "", shell.city.id if shell.city else ""]
        if any(origin) and page_state.get(_ORIGIN) != origin:
            page_state[_ORIGIN] = origin


def _address(path: str) -> str:
    """Return a path of this service as browsers see it: below the path that the service is served at."""
    return f"{request.script_root}{path}"


def _language_links(here: str, current: str) -> list[LanguageLink]:
    joint = "&" if "?" in here else "?"
    return [
        LanguageLink(tag, name, f"{here}{joint}{language.PARAMETER}={tag}", tag == current)
        for tag, name in language.LANGUAGES.items()
    ]


def _here() -> str:
    """Return this page's URL without a language: where its form is sent."""
    arguments = {name: text for name, text in request.args.items() if name != language.PARAMETER}
    address = _address(request.path)
    return f"{address}?{urlencode(arguments)}" if arguments else address


def _refusals() -> dict[Reason, tuple[int, str, str]]:
    return {
        Reason.PAGE_EXPIRED: (
            400,
            gettext("This page has expired"),
            gettext("Your session has expired. Please try to sign in again."),
        ),
        Reason.LINK_INVALID: (
            400,
            gettext("This link does not work"),
            gettext("The link is incomplete or was not made by us. Copy the whole link from your email."),
        ),
        Reason.NOT_FOUND: (
            404,
            gettext("Page not found"),
            gettext("There is no page at this address. Check it for typing mistakes."),
        ),
        Reason.TEMPORARILY_UNAVAILABLE: (
            503,
            gettext("Temporarily unavailable"),
            gettext("We cannot do this right now. Please try again in a few minutes."),
        ),
    }
