"""A service below a path of its host, such as `/id`: what stands where, seen from inside.

Every request comes with the whole path, as the browser sent it. What follows the prefix becomes the path, and
the prefix the place where the application begins (PEP 3333, `SCRIPT_NAME`), so that links lead below it.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A load balancer asks the process, which has no path.
HEALTH = {path: path for path in ("/health/live", "/health/ready")}


class PathPrefix:
    """The WSGI application at the outside of one that is served below a path."""

    def __init__(
        self, application: "WSGIApplication", address: str, prefix: str, at_root: Mapping[str, str]
    ) -> None:
        """`address` is the service's public one, and `prefix` its path.

        `at_root`: paths of the host itself that are answered too, each with the path of the application.
        """
        self._application, self._prefix, self._at_root = application, prefix, at_root
        self._not_here = (
            f"There is nothing here: this service is served below {address}.\n"
            "(For its operator: the proxy in front hands on the whole path, as the browser sent it.)\n"
        )

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333): 404 in plain text for a path that is not below the prefix."""
        path = self._path_below(f"{environ.get('SCRIPT_NAME', '')}{environ['PATH_INFO']}")
        if path is None:
            headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
            return Response(self._not_here, 404, headers, mimetype="text/plain")(environ, start_response)
        below = {**environ, "SCRIPT_NAME": self._prefix, "PATH_INFO": path}
        return self._application(below, start_response)

    def _path_below(self, path: str) -> str | None:
        """Return the application's path of this path of the host; None if it has none."""
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            return path[len(self._prefix) :] or "/"
        return self._at_root.get(path)
