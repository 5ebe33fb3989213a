"""A city's own website whose residents sign in with Community Access ID.

Copy `add_sign_in` into your own Flask site; the rest is a page with a button.
"""

import os

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response as BaseResponse

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"


def add_sign_in(app: Flask, base_url: str, issuer: str, client_id: str, client_secret: str) -> None:
    """Add `/sign-in`, `/sign-in/callback` and `/sign-out`; the resident is in `session["resident"]`."""
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
    def sign_in() -> BaseResponse:
        response: BaseResponse = identity.authorize_redirect(f"{base_url}/sign-in/callback")
        return response

    @app.get("/sign-in/callback")
    def callback() -> BaseResponse | tuple[str, int]:
        try:  # checks state, PKCE, and the ID token's signature, issuer, audience, times and nonce
            token = identity.authorize_access_token(claims_options=expected)
            profile = identity.userinfo(token=token)
            # Refuse another issuer's response (RFC 9207), and userinfo with another `sub` (OIDC Core §5.3.2).
            genuine = request.args.get("iss", issuer) == issuer and profile["sub"] == token["userinfo"]["sub"]
        except (OAuthError, JoseError, ValueError, KeyError):
            genuine = False  # the back button, a second click, a cancelled sign-in, or a forged response
        if not genuine:
            return render_template("not_signed_in.html"), 400
        session.clear()
        session["resident"] = {"sub": profile["sub"], "name": profile.get("name", "")}
        session["id_token"] = token["id_token"]
        return redirect(url_for("home"), 303)

    @app.post("/sign-out")
    def sign_out() -> BaseResponse:
        hint = session.get("id_token")
        session.clear()
        response: BaseResponse = identity.logout_redirect(
            f"{base_url}/", id_token_hint=hint, client_id=client_id
        )
        return response

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
        return {"resident": session.get("resident")}

    @app.after_request
    def headers(response: Response) -> Response:
        # Sign-out redirects to the issuer, and browsers apply `form-action` to redirects after a form.
        response.headers["Content-Security-Policy"] = f"{POLICY} {issuer}"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


def from_environment() -> Flask:
    """Return the website with the settings of the environment. A WSGI server loads this function."""
    return create_app(dict(os.environ))
