"""Security headers on every response (OWASP ASVS 3.4)."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from portal.config import Settings

ONE_HOUR = "public, max-age=3600"


def install(app: Flask, settings: Settings) -> None:
    """Add the headers to every response."""
    policy = content_security_policy(settings.issuer)

    @app.after_request
    def _headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        if settings.served_over_https:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if request.endpoint == "static" and response.status_code < 400:  # noqa: PLR2004 - HTTP's first error
            response.headers["Cache-Control"] = ONE_HOUR
        else:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def content_security_policy(issuer: str) -> str:
    """Return the policy of every page.

    `form-action` has identity's origin: Chromium applies it to the redirects after a POST, and sign-out is a
    POST that redirects there.
    """
    url = urlsplit(issuer)
    identity = f"{url.scheme}://{url.netloc}"
    return "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            f"form-action 'self' {identity}",
            "connect-src 'self'",
            "font-src 'self'",
            "img-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
        ]
    )
