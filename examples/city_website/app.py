"""A city's own website whose residents sign in with Community Access ID: a page with two buttons."""

import os

from flask import Flask, Response, g, render_template, request

from examples.city_website.sign_in import add_sign_in

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"


def create_app(settings: dict[str, str]) -> Flask:
    """Return the website. `settings` are the environment variables `CITY_WEBSITE_…` of README.md."""
    app = Flask(__name__)
    base_url, issuer = settings["CITY_WEBSITE_BASE_URL"].rstrip("/"), settings["CITY_WEBSITE_ISSUER"]
    secure = base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings["CITY_WEBSITE_SECRET_KEY"],
        SESSION_COOKIE_NAME="__Host-city" if secure else "city",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",  # other sites cannot post the sign-out form with it
    )
    add_sign_in(
        app,
        base_url,
        issuer,
        settings["CITY_WEBSITE_CLIENT_ID"],
        settings["CITY_WEBSITE_CLIENT_SECRET"],
    )

    @app.get("/")
    def home() -> str:
        return render_template("home.html", portal=settings["CITY_WEBSITE_PORTAL_URL"])

    @app.get("/health/live")
    @app.get("/health/ready")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.context_processor
    def resident() -> dict[str, object]:
        return {"resident": g.get("resident")}

    @app.after_request
    def headers(response: Response) -> Response:
        # Sign-out redirects to the issuer, and browsers apply `form-action` to redirects after a form.
        origin = "/".join(issuer.split("/")[:3])  # a path would be compared with the whole address
        response.headers["Content-Security-Policy"] = f"{POLICY} {origin}"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


def from_environment() -> Flask:
    """Return the website with the settings of the environment. A WSGI server loads this function."""
    return create_app(dict(os.environ))
