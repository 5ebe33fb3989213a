"""A city's website with flask-oidc, as its documentation sets it up. Runs in an environment of its own."""

import os
from typing import Any

from flask import Flask, redirect, session
from flask_oidc import OpenIDConnect
from werkzeug.wrappers import Response

BASE_URL = os.environ["BASE_URL"]

app = Flask(__name__)
app.config.update(
    SECRET_KEY="a secret of this test's website",
    OIDC_CLIENT_SECRETS={
        "web": {
            "client_id": os.environ["CLIENT_ID"],
            "client_secret": os.environ["CLIENT_SECRET"],
            "issuer": os.environ["ISSUER"],
        }
    },
    OIDC_SCOPES="openid email profile",
)
oidc = OpenIDConnect(app)


@app.get("/")
def home() -> dict[str, Any]:
    if not oidc.user_loggedin:
        return {}
    token = session["oidc_auth_token"]
    return {
        # Authlib keeps them with the first token only.
        "claims": token.get("userinfo"),
        "profile": session["oidc_auth_profile"],
        "access_token": token["access_token"],
    }


@app.get("/private")
@oidc.require_login
def private() -> Response:
    return redirect("/")


@app.get("/expire")
def expire() -> Response:
    """Let the access token look old: flask-oidc refreshes it at the next request."""
    session["oidc_auth_token"] = session["oidc_auth_token"] | {"expires_at": 1}
    return redirect("/")


if __name__ == "__main__":
    app.run("127.0.0.1", int(BASE_URL.rpartition(":")[2]))
