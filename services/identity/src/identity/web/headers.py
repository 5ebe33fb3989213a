"""Security headers on every response (ASVS 5.0 §3.4; WHATWG Fetch, CSP 3)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, g

from identity.config import Settings

_TWO_YEARS = 63_072_000
_FORM_ACTIONS = "form_action_origins"

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

    def init_app(self, app: Flask) -> None:
        """Attach to the application."""
        app.after_request(self._add)

    def beside(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Return the headers to add to a response that has headers of these names."""
        present = {name.lower() for name in names}
        return [header for header in self._always if header[0].lower() not in present]

    def _add(self, response: Response) -> Response:
        if (origins := g.get(_FORM_ACTIONS)) and "Content-Security-Policy" not in response.headers:
            response.headers["Content-Security-Policy"] = _content_security_policy(origins)
        response.headers.extend(self.beside(response.headers.keys()))
        return response


def form_action(response: Response, origin: str) -> Response:
    """Let forms of this page end, after redirects, at one more origin (or at any URL's origin).

    Chromium applies `form-action` to the whole chain of redirects, so a sign-in that returns to a city's
    website would stop half-way without the website's origin.
    """
    if clean := origin_of(origin):
        g.setdefault(_FORM_ACTIONS, set()).add(clean)
    return response


def origin_of(url: str) -> str:
    """Return scheme, host and port of an http(s) URL; empty for anything else."""
    parts = urlsplit(url)
    safe = parts.scheme in ("http", "https") and parts.netloc and not set(" ;,'\"") & set(parts.netloc)
    return f"{parts.scheme}://{parts.netloc}" if safe else ""


def _content_security_policy(origins: Iterable[str]) -> str:
    form_actions = " ".join(["'self'", *sorted(origins)])
    return "; ".join([*(f"{name} {value}" for name, value in _POLICY.items()), f"form-action {form_actions}"])
