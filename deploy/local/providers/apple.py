"""Simulated Sign in with Apple: https://developer.apple.com/documentation/signinwithapplerestapi."""

import json
import secrets
import time
import uuid
from typing import Any

from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from .authorization_codes import AuthorizationCodes, redirect_uri_on_this_machine
from .behaviour import Behaviour, inject_faults, override
from .pages import account_chooser, form_post, message
from .people import Person, by_key
from .signing import SimulatedKeys, times

NAME = "Apple"
CLIENT_ID = "gov.example.community-access.signin"
TEAM_ID = "SAMPLETEAM"
KEY_ID = "SAMPLEKEY1"
_LONGEST_SECRET = 15_777_000

PEOPLE = by_key(
    (
        Person(
            "rosa",
            "hides her address: a relay address, booleans as text",
            {
                "sub": "001234.6a1f0c5d8b3e4f7a9c2d1e0b8f7a6c5d.0001",
                "email": "x7k2m9q4tz@privaterelay.appleid.com",
                "email_verified": "true",
                "is_private_email": "true",
                "given_name": "Rosa",
                "family_name": "Delgado",
            },
        ),
        Person(
            "samuel",
            "shares his address",
            {
                "sub": "001234.6a1f0c5d8b3e4f7a9c2d1e0b8f7a6c5d.0002",
                "email": "samuel.ortiz@icloud.com",
                "email_verified": True,
                "is_private_email": False,
                "given_name": "Samuel",
                "family_name": "Ortiz",
            },
        ),
        Person(
            "mina",
            "an account managed by a school: no address",
            {
                "sub": "001234.6a1f0c5d8b3e4f7a9c2d1e0b8f7a6c5d.0003",
                "given_name": "Mina",
                "family_name": "Park",
            },
        ),
        Person("dora", "a disabled account: an error page", {"given_name": "Dora"}, disabled=True),
    )
)


class SimulatedApple:
    """The provider. `team_key` is the key whose private half signs client secrets."""

    def __init__(self, behaviour: Behaviour, team_key: ECKey) -> None:
        self._behaviour, self._team_key = behaviour, team_key
        self._codes, self._keys = AuthorizationCodes(), SimulatedKeys(behaviour)

    def app(self) -> Flask:
        """Return the application to mount."""
        app = Flask(__name__)
        inject_faults(app, self._behaviour)
        app.add_url_rule("/auth/keys", "keys", self._keys.published)
        app.add_url_rule("/auth/authorize", "authorize", self._authorize, methods=["GET", "POST"])
        app.add_url_rule("/auth/token", "token", self._token, methods=["POST"])
        app.add_url_rule("/simulate/notification", "event", self._notification, methods=["POST"])
        return app

    def _authorize(self) -> str | tuple[Response, int]:
        redirect_uri = redirect_uri_on_this_machine(request.args)
        if request.args.get("scope") and request.args.get("response_mode") != "form_post":
            description = "response_mode must be form_post when name or email scope is requested."
            return jsonify(error="invalid_request", error_description=description), 400
        if request.method == "GET":
            return account_chooser(NAME, PEOPLE.values())
        person = PEOPLE.get(request.form.get("person", ""))
        if person and person.disabled:
            return message(NAME, "Your account has been disabled", "Contact Apple to get back into it.")
        answer: dict[str, Any] = {"state": request.args.get("state")}
        if person is None:
            answer |= {"error": "user_cancelled_authorize"}
        else:
            code = self._codes.issue(person, request.args)
            answer |= {"code": code, "user": _user_once(self._behaviour, person)}
        return form_post(NAME, redirect_uri, override(answer, self._behaviour.callback))

    def _token(self) -> Response | tuple[Response, int]:
        if not _is_our_secret(request.form.get("client_secret", ""), self._team_key):
            return jsonify(error="invalid_client"), 400
        grant = self._codes.redeem(request.form)
        if grant is None or request.form.get("client_id") != CLIENT_ID:
            return jsonify(error="invalid_grant"), 400
        known = {k: v for k, v in grant.person.claims.items() if k not in ("given_name", "family_name")}
        claims = {
            "iss": _issuer(),
            "aud": grant.client_id,
            "nonce": grant.nonce,
            "nonce_supported": True,
            "auth_time": int(time.time()),
            **known,
            **times(86_400),
        }
        return jsonify(
            access_token=secrets.token_urlsafe(40),
            token_type="Bearer",  # noqa: S106 - its type
            expires_in=3600,
            refresh_token=secrets.token_urlsafe(40),
            id_token=self._keys.sign(claims),
        )

    def _notification(self) -> Response:
        """Return a server-to-server notification (form: `type`, `sub`), whose event is JSON within JSON."""
        event = {
            "type": request.form["type"],
            "sub": request.form["sub"],
            "event_time": int(time.time() * 1000),
        }
        claims = {"iss": _issuer(), "aud": CLIENT_ID, "iat": times()["iat"], "jti": uuid.uuid4().hex}
        return Response(self._keys.sign({**claims, "events": json.dumps(event)}), mimetype="text/plain")


def _issuer() -> str:
    return request.url_root.rstrip("/")


def _user_once(behaviour: Behaviour, person: Person) -> str | None:
    if person.key in behaviour.consented:
        return None
    behaviour.consented.add(person.key)
    names = {"firstName": person.claims.get("given_name"), "lastName": person.claims.get("family_name")}
    return json.dumps(override({"name": names, "email": person.claims.get("email")}, {}))


def _is_our_secret(secret: str, team_key: ECKey) -> bool:
    try:
        token = jwt.decode(secret, team_key, algorithms=["ES256"])
    except (JoseError, ValueError):
        return False
    claims, now = token.claims, time.time()
    return (
        token.header.get("kid") == KEY_ID
        and (claims.get("iss"), claims.get("sub"), claims.get("aud")) == (TEAM_ID, CLIENT_ID, _issuer())
        and now < claims.get("exp", 0) <= claims.get("iat", 0) + _LONGEST_SECRET
    )
