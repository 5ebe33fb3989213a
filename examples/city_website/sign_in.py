"""Sign-in with Community Access ID for a Flask site: copy this file into yours and call `add_sign_in`."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.oauth2.claims import JWTClaims
from flask import Flask, g, redirect, render_template, request, session, url_for
from joserfc.errors import InvalidClaimError, JoseError
from requests import RequestException
from werkzeug.wrappers import Response

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
SECONDS_SIGNED_IN = 12 * 3600
# A browser keeps one cookie of 4 kB: a sign-in that was begun and never finished must not fill it.
UNFINISHED_SIGN_INS = 2


@dataclass
class Resident:
    """A resident who is signed in here. Personal data; `id_token` is the hint for signing out."""

    sub: str
    name: str
    email: str
    id_token: str
    until: float


class LogoutToken(JWTClaims):
    """The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

    def validate(self, now: int | Callable[[], int] | None = None, leeway: int = 0) -> None:
        """Refuse what is no logout token, an ID token above all."""
        super().validate(now, leeway)
        events = self["events"]
        if self.header.get("typ") != "logout+jwt" or not isinstance(events, dict) or LOGOUT not in events:
            raise InvalidClaimError("events")
        if "nonce" in self:
            raise InvalidClaimError("nonce")


def drop_older_sign_ins() -> None:
    """Keep the newest of those begun and not finished: a resident may have two tabs open."""
    unfinished = [key for key in session if key.startswith("_state_")]
    for key in sorted(unfinished, key=lambda key: session[key]["exp"])[:-UNFINISHED_SIGN_INS]:
        session.pop(key)


def drop_ended(residents: dict[str, Resident], now: float) -> None:
    """Forget those who have not been here for too long."""
    for sid in [sid for sid, resident in residents.items() if resident.until <= now]:
        residents.pop(sid, None)


def add_sign_in(app: Flask, base_url: str, issuer: str, client_id: str, client_secret: str) -> None:
    """Add `/sign-in`, `/sign-in/callback`, `/sign-out` and `/backchannel-logout`.

    `g.resident` is the `Resident` of each request, or None.
    """
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
    expected = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    # By the resident's session at identity (`sid`). A site of several processes keeps them in its database.
    residents: dict[str, Resident] = {}

    @app.before_request
    def load_resident() -> None:
        resident = residents.get(session.get("sid", ""))
        g.resident = resident if resident and time.time() < resident.until else None

    @app.get("/sign-in")
    def sign_in() -> Response:
        drop_older_sign_ins()
        response: Response = identity.authorize_redirect(f"{base_url}/sign-in/callback")
        return response

    @app.get("/sign-in/callback")
    def callback() -> Response | tuple[str, int]:
        try:  # checks state, PKCE, and the ID token's signature, issuer, audience, times and nonce
            token = identity.authorize_access_token(claims_options=expected)
            profile, claims = identity.userinfo(token=token), token["userinfo"]
            # Refuse another issuer's response (RFC 9207), and userinfo with another `sub` (OIDC Core §5.3.2).
            genuine = request.args.get("iss", issuer) == issuer and profile["sub"] == claims["sub"]
            now, sid = time.time(), claims["sid"]
        except (OAuthError, JoseError, ValueError, KeyError):
            genuine = False  # the back button, a second click, a cancelled sign-in, or a forged response
        if not genuine:
            return render_template("not_signed_in.html"), 400
        drop_ended(residents, now)
        name, email = profile.get("name", ""), profile.get("email", "")
        residents[sid] = Resident(claims["sub"], name, email, token["id_token"], now + SECONDS_SIGNED_IN)
        session.clear()
        session["sid"] = sid
        return redirect(url_for("home"), 303)

    @app.post("/sign-out")
    def sign_out() -> Response:
        resident = residents.pop(session.get("sid", ""), None)
        session.clear()
        response: Response = identity.logout_redirect(
            f"{base_url}/", id_token_hint=resident.id_token if resident else None, client_id=client_id
        )
        session.clear()  # Authlib keeps a state there that nothing asks for
        return response

    @app.post("/backchannel-logout")
    def backchannel_logout() -> tuple[str, int]:
        rules = expected | {name: {"essential": True} for name in ("iat", "exp", "jti", "sid", "events")}
        sent = {"id_token": request.form.get("logout_token", "")}
        try:
            claims = identity.parse_id_token(sent, nonce=None, claims_options=rules, claims_cls=LogoutToken)
        except (JoseError, ValueError, TypeError):
            return "", 400
        residents.pop(claims["sid"], None)
        return "", 200

    @app.errorhandler(RequestException)
    def identity_unreachable(_error: RequestException) -> tuple[str, int]:
        return render_template("not_signed_in.html", unavailable=True), 503
