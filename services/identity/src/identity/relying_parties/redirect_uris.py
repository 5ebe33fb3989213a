"""Which URLs a client may register for redirects: absolute https URLs, or http on loopback."""

from urllib.parse import urlsplit

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_USUAL_PORT = 443
LONGEST = 512


def problem_with(uri: str) -> str | None:
    """Return what is wrong with a redirect address, in an operator's words, or None.

    RFC 9700 §2.1 and §4.1, RFC 8252 §7.3.
    """
    faults = (
        (len(uri) > LONGEST, f"is longer than {LONGEST} characters"),
        (_has_unsafe_character(uri), "contains a character that has to be percent-encoded"),
        ("*" in uri, "contains a wildcard; register each address"),
        ("#" in uri, "contains a fragment (#)"),
    )
    return next((words for is_fault, words in faults if is_fault), None) or _problem_with_place(uri)


def problem_with_host(host: str) -> str | None:
    """Return what is wrong with a host that redirect addresses may be at, in an operator's words, or None."""
    uri = f"https://{host}/"
    if problem_with(uri) or uri != f"https://{urlsplit(uri).netloc}/":
        return "is not a host, such as www.example.gov"
    return None


def site_of(uri: str) -> str:
    """Return the host of an address without problems, and its port unless it is the usual one.

    For loopback the host alone: a native application uses whichever port is free (RFC 8252 §7.3).
    """
    parts = urlsplit(uri)
    host = parts.hostname or ""
    return host if host in _LOOPBACK or parts.port in (None, _USUAL_PORT) else f"{host}:{parts.port}"


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
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "is not https (http is for 127.0.0.1, ::1 and localhost only)"
    return None
