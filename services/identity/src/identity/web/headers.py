"""Security headers on every response (ASVS 5.0 §3.4; WHATWG Fetch, CSP 3)."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, g
from werkzeug.wrappers import Response as HttpResponse

from identity.config import Settings
from identity.relying_parties import redirect_uris

R = TypeVar("R", bound=HttpResponse)

_TWO_YEARS = 63_072_000
_FORM_ACTIONS = "form_action_origins"
# Combinations of names for which the other headers are remembered; responses have fewer.
_KINDS = 64

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


class SecurityHeaders:
    """Adds the headers to every response; the values that a response sets itself take precedence."""

    def __init__(self, settings: Settings) -> None:
        self._always = [
            ("Content-Security-Policy", _content_security_policy(())),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", _PERMISSIONS),
        ]
        if settings.served_over_https:
            self._always.append(("Strict-Transport-Security", f"max-age={_TWO_YEARS}; includeSubDomains"))
        self._beside = lru_cache(_KINDS)(self._missing)

    def init_app(self, app: Flask) -> None:
        """Attach to the application."""
        app.after_request(self.complete)

    def beside(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return the headers to add to a response that has headers of these names."""
        return self._beside(tuple(names))

    def _missing(self, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        present = {name.lower() for name in names}
        return tuple(header for header in self._always if header[0].lower() not in present)

    def complete(self, response: R) -> R:
        """Add the headers to a response of Flask's current request."""
        if (origins := g.get(_FORM_ACTIONS)) and "Content-Security-Policy" not in response.headers:
            response.headers["Content-Security-Policy"] = _content_security_policy(origins)
        response.headers.extend(self.beside(response.headers.keys()))
        return response


def form_action(response: Response, address: str, *, any_port: bool = False) -> Response:
    """Let forms of this page end, after redirects, at one more address too.

    Chromium applies `form-action` to the whole chain of redirects, so a sign-in that returns to a city's
    website would stop half-way without the website's origin. `any_port`: of a native application, which
    learns its port at 127.0.0.1 when it starts (RFC 8252 §7.3).
    """
    if source := source_of(address, any_port=any_port):
        g.setdefault(_FORM_ACTIONS, set()).add(source)
    return response


def source_of(address: str, *, any_port: bool = False) -> str:
    """Return the source expression of an address (CSP 3 §2.3.1); empty for one that has none."""
    if redirect_uris.is_private_use(address):
        return address.partition("/")[0]
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or set(" ;,'\"") & set(parts.netloc):
        return ""
    if parts.netloc.startswith("["):
        # The grammar has no IPv6 addresses, and browsers ignore them.
        return f"{parts.scheme}:"
    if any_port and parts.hostname == "127.0.0.1":
        return f"{parts.scheme}://{parts.hostname}:*"
    return f"{parts.scheme}://{parts.netloc}"


def _content_security_policy(origins: Iterable[str]) -> str:
    form_actions = " ".join(["'self'", *sorted(origins)])
    return "; ".join([*(f"{name} {value}" for name, value in _POLICY.items()), f"form-action {form_actions}"])
