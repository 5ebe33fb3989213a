"""Paths of the portal, and the check of a path that came with a request."""

import re

from flask import request

LONGEST = 2048
HOME = "/home"
# The `state` of a logout request (RP-Initiated Logout §2), with which the browser returns to the front page.
SIGNED_OUT = "signed-out"


def own_path(path: str | None, default: str = HOME) -> str:
    """Return the path if it is one of the portal, else the default: RFC 9700 §4.11, open redirection."""
    given = path or ""
    # Browsers drop control characters and read a backslash as a slash: `/\\host` is another site.
    plain = given.isascii() and given.isprintable() and "\\" not in given and len(given) <= LONGEST
    own = given.startswith("/") and not given.startswith("//") and not _climbs(given)
    return given if plain and own else default


def _climbs(path: str) -> bool:
    """Tell whether a path has dot segments, as browsers read them: they would leave the portal's own path."""
    segments = re.split("[?#]", path, maxsplit=1)[0].lower().replace("%2e", ".").split("/")
    return not {".", ".."}.isdisjoint(segments)


def own_address(path: str) -> str:
    """Return a path of the portal as browsers see it: below the path that the portal is served at."""
    return f"{request.script_root}{path}"
