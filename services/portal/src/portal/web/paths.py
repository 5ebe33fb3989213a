"""Paths of the portal, and the check of a path that came with a request."""

LONGEST = 2048
HOME = "/home"
# The `state` of a logout request (RP-Initiated Logout §2), with which the browser returns to the front page.
SIGNED_OUT = "signed-out"


def own_path(path: str | None, default: str = HOME) -> str:
    """Return the path if it is one of the portal, else the default: RFC 9700 §4.11, open redirection."""
    given = path or ""
    # Browsers drop control characters and read a backslash as a slash: `/\\host` is another site.
    plain = given.isascii() and given.isprintable() and "\\" not in given and len(given) <= LONGEST
    return given if plain and given.startswith("/") and not given.startswith("//") else default
