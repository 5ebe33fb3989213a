"""A city's website with Authlib's Flask client, as its documentation sets it up; with refresh, sign-out."""

import os
from typing import Any

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session
from werkzeug.wrappers import Response

ISSUER, BASE_URL = os.environ["ISSUER"], os.environ["BASE_URL"]

app = Flask(__name__)
app.secret_key = "a secret of this test's website"
identity: Any = OAuth(app).register(
    "identity",
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)
# Of the one visitor; too much for a cookie.
tokens: dict[str, Any] = {}


@app.get("/")
def home() -> dict[str, Any]:
    if "signed_in" not in session:
        return {}
    return {
        "claims": tokens["userinfo"],
        "profile": identity.userinfo(token=tokens),
        "access_token": tokens["access_token"],
    }


@app.get("/sign-in")
def sign_in() -> Response:
    answer: Response = identity.authorize_redirect(f"{BASE_URL}/callback")
    return answer


@app.get("/callback")
def callback() -> Response:
    tokens.update(identity.authorize_access_token())
    session["signed_in"] = True
    return redirect("/")


@app.get("/refresh")
def refresh() -> Response:
    answer = identity.fetch_access_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    tokens.update(answer)
    return redirect("/")


@app.get("/sign-out")
def sign_out() -> Response:
    session.clear()
    answer: Response = identity.logout_redirect(f"{BASE_URL}/", id_token_hint=tokens["id_token"])
    return answer


if __name__ == "__main__":
    app.run("127.0.0.1", int(BASE_URL.rpartition(":")[2]))
