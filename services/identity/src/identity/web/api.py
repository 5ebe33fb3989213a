"""The API: a WSGI application for the paths that programs call, beside the pages that residents open.

It answers in JSON, whatever happens, and needs nothing of what Flask prepares for a page: no page state, no
language, no CSRF protection. Every path whose first segment is in its table is its own; all others go on to
the pages. One path is shared with its page, `/authorize`: its view redirects, or leaves the request to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request, Response

from identity.errors import UnavailableError, UnstorableTextError, where
from identity.randomness import support_code
from identity.web.headers import SecurityHeaders
from identity.web.responses import empty_response, json_response, method_not_allowed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger(__name__)

READ = ("GET", "HEAD")
WRITE = ("POST",)
_LARGEST_BODY = 64 * 1024
_ERRORS = {404: "not_found", 500: "server_error", 503: "temporarily_unavailable"}
# Scripts of any website may call, without cookies (WHATWG Fetch §3.3).
_CROSS_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate"),
)

# Gets the request and the variable parts of its path, by name. None: the page of the same path answers.
View = Callable[..., Response | None]


@dataclass(frozen=True)
class Route:
    """One line of the API's table."""

    # In Werkzeug's notation, such as `/cities/<city_id>`.
    path: str
    # All that are allowed, HEAD too; OPTIONS always is.
    methods: tuple[str, ...]
    view: View
    # Whether scripts of any website may call it.
    cross_origin: bool = False
    # Whether browsers open it: the page of the same path answers other methods, and what the view leaves.
    has_page: bool = False


class ApiRequest(Request):
    """A request to the API. Bodies are limited to 64 KiB; a view may set a lower limit."""

    max_content_length = _LARGEST_BODY

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Return the cookies, as Werkzeug does, which looks at every header for them at twice the cost."""
        return parse_cookie(self.environ.get("HTTP_COOKIE"), cls=self.dict_storage_class)  # type: ignore[return-value] # as in Werkzeug


class Api:
    """The WSGI application: the routes of the API, and the pages for every other path."""

    def __init__(
        self,
        routes: Sequence[Route],
        security_headers: SecurityHeaders,
        pages: "WSGIApplication",
        faulted: Callable[[BaseException], None],
    ) -> None:
        """`faulted` is called with each fault of ours, to count it."""
        self._faulted = faulted
        self.routes, self._security_headers, self._pages = tuple(routes), security_headers, pages
        self._first_segments = frozenset(_first_segment(route.path) for route in routes if not route.has_page)
        # Most paths are fixed: a look-up costs a tenth of what the map does.
        self._fixed = {route.path: route for route in routes if "<" not in route.path}
        rules = [Rule(route.path, endpoint=route) for route in routes]
        self._map = Map(rules, merge_slashes=False).bind("")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not self._is_own(environ["REQUEST_METHOD"], environ["PATH_INFO"]):
            return self._pages(environ, start_response)
        request = ApiRequest(environ)
        route, variables = self._find_route(request.path)
        response = self._respond(request, route, variables)
        if response is None:
            return self._pages(environ, start_response)
        headers = [*response.headers, *self._security_headers.beside(response.headers.keys())]
        if route is not None and route.cross_origin:
            headers += _CROSS_ORIGIN
        # Response.__call__ does the same at ten times the cost: it looks for headers that none of them has.
        start_response(response.status, headers)
        return () if request.method == "HEAD" else response.iter_encoded()

    def _is_own(self, method: str, path: str) -> bool:
        route = self._fixed.get(path)
        if route is not None and route.has_page:
            return method in route.methods
        return _first_segment(path) in self._first_segments

    def _respond(
        self, request: Request, route: Route | None, variables: Mapping[str, str]
    ) -> Response | None:
        if route is None:
            return _error(404)
        if request.method == "OPTIONS":
            return _options(route)
        if request.method not in route.methods:
            return method_not_allowed(route.methods)
        try:
            return route.view(request, **variables)
        except (HTTPException, UnstorableTextError) as error:
            return _error((error.code or 500) if isinstance(error, HTTPException) else 400)
        except Exception as error:  # noqa: BLE001 - a program gets JSON, whatever the fault
            return self._failed(request, error)

    def _failed(self, request: Request, error: Exception) -> Response:
        self._faulted(error)
        logged = _log.bind(path=request.path, support_code=support_code(), where=where(error))
        if isinstance(error, UnavailableError):
            logged.error("request_failed", why=str(error))
            return _error(503, ("Retry-After", str(error.retry_after)))
        logged.error("request_failed")
        return _error(500)

    def _find_route(self, path: str) -> tuple[Route | None, Mapping[str, str]]:
        if path in self._fixed:
            return self._fixed[path], {}
        try:
            return self._map.match(path)
        except NotFound:
            return None, {}


def _error(status: int, *headers: tuple[str, str]) -> Response:
    return json_response(status, {"error": _ERRORS.get(status, "invalid_request")}, *headers)


def _options(route: Route) -> Response:
    """Return the methods, and what a preflight asks for (WHATWG Fetch §3.3.3)."""
    methods = ", ".join(route.methods)
    if not route.cross_origin:
        return empty_response(("Allow", methods))
    return empty_response(
        ("Allow", methods),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
        ("Access-Control-Max-Age", "600"),
    )


def _first_segment(path: str) -> str:
    return path[1:].partition("/")[0]
