"""Which addresses a client may register: https, http on loopback, and for native apps private-use schemes.

An address is kept and compared as it is written, so only one way to write it is accepted.
"""

import re
from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_USUAL_PORT = 443
_HIGHEST_PORT = 65535
LONGEST = 512
# RFC 3986 §3, without user information, fragment, empty port or query, and capitals where case is ignored.
_WEB = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9_]))*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?:/[^?#]*)?(?:\?[^#]+)?"
)
# RFC 8252 §7.1: a domain name in reverse order, then one slash.
_PRIVATE_USE = re.compile(r"(?P<scheme>[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+):/(?!/)[^?#]*(?:\?[^#]+)?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[fF]|%5[cC]")


def problem_with(uri: str) -> str | None:
    """Return what is wrong with a website's address, in an operator's words, or None.

    RFC 9700 §2.1 and §4.1, RFC 8252 §7.3.
    """
    return _problem_with_text(uri) or _problem_with_place(uri)


def problem_with_redirect(uri: str) -> str | None:
    """Return what is wrong with a website's address, or one of a native app's own scheme, or None."""
    scheme = _SCHEME.match(uri)
    if scheme is None or scheme[1].lower() in ("http", "https"):
        return problem_with(uri)
    if problem := _problem_with_text(uri):
        return problem
    if not is_private_use(uri):
        return "is neither an absolute https:// address nor of an app's own scheme, com.example.app:/path"
    return None


def problem_with_host(host: str) -> str | None:
    """Return what is wrong with a host that redirect addresses may be at, in an operator's words, or None."""
    uri = f"https://{host.lower()}/"
    if problem_with(uri) or uri != f"https://{urlsplit(uri).netloc}/":
        return "is not a host, such as www.example.gov"
    return None


def is_private_use(uri: str) -> bool:
    """Tell whether the address is of a native app's own scheme (RFC 8252 §7.1)."""
    return _PRIVATE_USE.fullmatch(uri) is not None


def site_of(uri: str) -> str:
    """Return the host of an address without problems, and its port unless it is the usual one.

    For loopback the host alone: a native application uses whichever port is free (RFC 8252 §7.3). For a
    private-use scheme the domain name that it is made of (§7.1).
    """
    if private_use := _PRIVATE_USE.fullmatch(uri):
        return ".".join(reversed(private_use["scheme"].split(".")))
    parts = urlsplit(uri)
    host = parts.hostname or ""
    return host if host in _LOOPBACK or parts.port in (None, _USUAL_PORT) else f"{host}:{parts.port}"


def _problem_with_text(uri: str) -> str | None:
    faults = (
        (len(uri) > LONGEST, f"is longer than {LONGEST} characters"),
        (_has_unsafe_character(uri), "contains a character that has to be percent-encoded"),
        (_BAD_ESCAPE.search(uri), "contains a % that begins no escape, or the escape of a control character"),
        ("*" in uri, "contains a wildcard; register each address"),
        ("#" in uri, "contains a fragment (#)"),
    )
    return next((words for is_fault, words in faults if is_fault), None)


def _has_unsafe_character(uri: str) -> bool:
    return not uri.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in uri)


def _problem_with_place(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("https", "http") or not host:
        return "is not an absolute https:// address"
    if "@" in parts.netloc:
        return "contains a user name"
    form = _WEB.fullmatch(uri)
    if form is None or int(form["port"] or _USUAL_PORT) > _HIGHEST_PORT:
        return "has capitals in scheme or host, a port that is not from 1 to 65535, or an empty query"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "is not https (http is for 127.0.0.1, ::1 and localhost only)"
    return None
