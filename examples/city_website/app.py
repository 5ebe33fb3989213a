"""A city's own website that lets Community Access ID sign its residents in.

Copy `add_sign_in` into your own Flask site; the rest is a page with a button.
"""

import os

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response as Answer

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"


def add_sign_in(app: Flask, base_url: str, issuer: str, client_id: str, client_secret: str) -> None:
    """Add `/sign-in`, `/sign-in/callback` and `/sign-out`; who is signed in is in `session["resident"]`."""
    identity = OAuth(app).register(  # type: ignore[no-untyped-call]  # published without a type
        "identity",
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_id=client_id,
        client_secret=client_secret,
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": 5,
        },
    )
    expected = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
    }

    @app.get("/sign-in")
    def sign_in() -> Answer:
        answer: Answer = identity.authorize_redirect(f"{base_url}/sign-in/callback")
        return answer

    @app.get("/sign-in/callback")
    def callback() -> Answer | tuple[str, int]:
        try:  # checks state, PKCE, and the ID token's signature, issuer, audience, times and nonce
            token = identity.authorize_access_token(claims_options=expected)
            profile = identity.userinfo(token=token)
            # Another provider's answer (RFC 9207)? Userinfo about somebody else (OpenID Connect Core §5.3.2)?
            genuine = request.args.get("iss", issuer) == issuer and profile["sub"] == token["userinfo"]["sub"]
        except (OAuthError, JoseError, ValueError, KeyError):
            genuine = False  # the back button, a second click, cancelled, or a false answer
        if not genuine:
            return render_template("not_signed_in.html"), 400
        session.clear()
        session["resident"] = {"sub": profile["sub"], "name": profile.get("name", "")}
        session["id_token"] = token["id_token"]
        return redirect(url_for("home"), 303)

    @app.post("/sign-out")
    def sign_out() -> Answer:
        hint = session.get("id_token")
        session.clear()
        answer: Answer = identity.logout_redirect(f"{base_url}/", id_token_hint=hint, client_id=client_id)
        return answer

    @app.errorhandler(RequestException)
    def identity_unreachable(_error: RequestException) -> tuple[str, int]:
        return render_template("not_signed_in.html", unavailable=True), 503


def create_app(settings: dict[str, str]) -> Flask:
    """Return the website. `settings` are the environment variables `CITY_WEBSITE_…` of README.md."""
    app = Flask(__name__)
    base_url, issuer = settings["CITY_WEBSITE_BASE_URL"].rstrip("/"), settings["CITY_WEBSITE_ISSUER"]
    secure = base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings["CITY_WEBSITE_SECRET_KEY"],
        SESSION_COOKIE_NAME="__Host-city" if secure else "city",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",  # another site cannot post our sign-out form with it
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
        return {"resident": session.get("resident")}

    @app.after_request
    def headers(response: Response) -> Response:
        # Signing out ends at the issuer, and browsers apply `form-action` to redirects after a form, too.
        response.headers["Content-Security-Policy"] = f"{POLICY} {issuer}"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


def from_environment() -> Flask:
    """Return the website with the settings of the process: what a WSGI server loads."""
    return create_app(dict(os.environ))
