"""Simulated Facebook: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from .authorization_codes import AuthorizationCodes, redirect_uri_on_this_machine
from .behaviour import Behaviour, inject_faults, override
from .pages import account_chooser
from .people import Person, by_key

NAME = "Facebook"
CLIENT_ID = "123456789012345"
CLIENT_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - a sample

PEOPLE = by_key(
    (
        Person(
            "felix",
            "with an address",
            {
                "id": "10158000000000001",
                "first_name": "Felix",
                "last_name": "Brown",
                "email": "felix@example.net",
            },
        ),
        Person(
            "hannah",
            "registered with a phone number: no address",
            {"id": "10158000000000002", "first_name": "Hannah", "last_name": "Cole"},
        ),
        Person(
            "eve",
            "an address that belongs to another resident",
            {
                "id": "10158000000000003",
                "first_name": "Eve",
                "last_name": "Stone",
                "email": "grace.morales@gmail.com",
            },
        ),
        Person(
            "doug",
            "must first act at Facebook (code 190, subcode 459)",
            {"id": "10158000000000004"},
            disabled=True,
        ),
    )
)


class SimulatedFacebook:
    """Facebook's site and its Graph API in one."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._codes = behaviour, AuthorizationCodes()
        self._tokens: dict[str, Person] = {}

    def app(self) -> Flask:
        """Return the application to mount."""
        app = Flask(__name__)
        inject_faults(app, self._behaviour)
        app.add_url_rule("/<version>/dialog/oauth", "authorize", self._authorize, methods=["GET", "POST"])
        app.add_url_rule("/<version>/oauth/access_token", "token", self._token, methods=["GET", "POST"])
        app.add_url_rule("/<version>/me", "person", self._person)
        app.add_url_rule("/simulate/data-deletion", "event", self._data_deletion, methods=["POST"])
        return app

    def _authorize(self, **_version: str) -> AnyResponse | str:
        redirect_uri = redirect_uri_on_this_machine(request.args)
        if request.method == "GET":
            return account_chooser(NAME, PEOPLE.values())
        answer: dict[str, Any] = {"state": request.args.get("state")}
        person = PEOPLE.get(request.form.get("person", ""))
        if person is None:
            answer |= {
                "error_reason": "user_denied",
                "error": "access_denied",
                "error_description": "Permissions error.",
            }
        else:
            answer |= {"code": self._codes.issue(person, request.args)}
        # The fragment is Facebook's own.
        return redirect(f"{redirect_uri}?{urlencode(override(answer, self._behaviour.callback))}#_=_")

    def _token(self, **_version: str) -> Response | tuple[Response, int]:
        if (request.values.get("client_id"), request.values.get("client_secret")) != (
            CLIENT_ID,
            CLIENT_SECRET,
        ):
            return _refusal("Error validating client secret.", 1), 400
        grant = self._codes.redeem(request.values)
        if grant is None:
            return _refusal("This authorization code has been used.", 100, 36009), 400
        access_token = f"EAA{secrets.token_hex(40)}"
        self._tokens[access_token] = grant.person
        return jsonify(
            access_token=access_token,
            token_type="bearer",  # noqa: S106 - its type
            expires_in=5_183_944,
        )

    def _person(self, **_version: str) -> Response | tuple[Response, int]:
        access_token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        person = self._tokens.get(access_token)
        if person is None:
            return _refusal("Invalid OAuth access token.", 190), 400
        if request.args.get("appsecret_proof") != _proof(access_token):
            return _refusal("Invalid appsecret_proof provided in the API argument", 100), 400
        if person.disabled:
            return _refusal("The user is enrolled in a blocking, logged-in checkpoint", 190, 459), 400
        fields = request.args.get("fields", "id").split(",")
        answer = {name: value for name, value in person.claims.items() if name in fields}
        return jsonify(override(answer, self._behaviour.person))

    def _data_deletion(self) -> Response:
        """Return the `signed_request` of a data deletion callback (form: `user_id`)."""
        payload = {
            "algorithm": "HMAC-SHA256",
            "issued_at": int(time.time()),
            "user_id": request.form["user_id"],
        }
        return Response(signed_request(override(payload, self._behaviour.claims)), mimetype="text/plain")


def signed_request(payload: dict[str, Any], secret: str = CLIENT_SECRET) -> str:
    """Return a payload as Facebook signs it: signature first, both in base64url."""
    encoded = _base64url(json.dumps(payload).encode())
    signature = hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).digest()
    return f"{_base64url(signature)}.{encoded}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _proof(access_token: str) -> str:
    return hmac.new(CLIENT_SECRET.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def _refusal(text: str, code: int, subcode: int | None = None) -> Response:
    error = {"message": text, "type": "OAuthException", "code": code, "error_subcode": subcode}
    return jsonify(error=override({**error, "fbtrace_id": secrets.token_urlsafe(8)}, {}))
