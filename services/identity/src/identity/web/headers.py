"""Security headers on every response (ASVS 5.0 §3.4; WHATWG Fetch, CSP 3)."""

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
    """Adds the headers to whatever leaves the application; a response's own values win."""

    def __init__(self, settings: Settings) -> None:
        self._https = settings.served_over_https

    def init_app(self, app: Flask) -> None:
        """Attach to the application."""
        app.after_request(self._add)

    def _add(self, response: Response) -> Response:
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = _content_security_policy()
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", _PERMISSIONS)
        if self._https:
            headers.setdefault("Strict-Transport-Security", f"max-age={_TWO_YEARS}; includeSubDomains")
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


def _content_security_policy() -> str:
    form_actions = " ".join(["'self'", *sorted(g.get(_FORM_ACTIONS, ()))])
    return "; ".join([*(f"{name} {value}" for name, value in _POLICY.items()), f"form-action {form_actions}"])
