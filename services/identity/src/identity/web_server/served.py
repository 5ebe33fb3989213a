"""What the web server serves: an application, and how many of its requests it works on at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True)
class Served:
    """A WSGI application, most of whose requests are short."""

    application: "WSGIApplication"
    # Requests that are worked on at once. More would take the interpreter from each other at every wait.
    at_once: int
    # Tells by method and path which requests have threads apart: those that take turns in the application.
    is_apart: Callable[[str, str], bool]
