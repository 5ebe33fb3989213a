"""Simulated Google: https://developers.google.com/identity/openid-connect/reference."""

import secrets
import uuid
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from .authorization_codes import AuthorizationCodes, redirect_uri_on_this_machine
from .behaviour import Behaviour, inject_faults, override
from .pages import account_chooser
from .people import Person, by_key
from .signing import SimulatedKeys, times

NAME = "Google"
CLIENT_ID = "1234567890-sample.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-sample-secret-of-the-simulated-google"  # noqa: S105 - a sample
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"

PEOPLE = by_key(
    (
        Person(
            "grace",
            "a Gmail address, verified",
            {
                "sub": "110169484474386276334",
                "email": "grace.morales@gmail.com",
                "email_verified": True,
                "given_name": "Grace",
                "family_name": "Morales",
                "locale": "en",
            },
        ),
        Person(
            "walter",
            "an account of a company's Workspace (claim hd)",
            {
                "sub": "110169484474386276335",
                "email": "walter@example.com",
                "email_verified": True,
                "hd": "example.com",
                "given_name": "Walter",
                "family_name": "Reyes",
            },
        ),
        Person(
            "ursula",
            "an address that Google has not verified",
            {
                "sub": "110169484474386276336",
                "email": "ursula@example.org",
                "email_verified": False,
                "given_name": "Ursula",
                "family_name": "Nguyen",
            },
        ),
        Person(
            "dennis",
            "an organisation that does not allow this application",
            {"given_name": "Dennis"},
            disabled=True,
        ),
    )
)


class SimulatedGoogle:
    """The provider. Its issuer is the address at which it is mounted."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._codes, self._keys = behaviour, AuthorizationCodes(), SimulatedKeys(behaviour)

    def app(self) -> Flask:
        """Return the application to mount."""
        app = Flask(__name__)
        inject_faults(app, self._behaviour)
        app.add_url_rule("/.well-known/openid-configuration", "discovery", self._discovery)
        app.add_url_rule("/oauth2/v3/certs", "keys", self._keys.published)
        app.add_url_rule("/o/oauth2/v2/auth", "authorize", self._authorize, methods=["GET", "POST"])
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        app.add_url_rule("/.well-known/risc-configuration", "risc", self._risc)
        app.add_url_rule("/simulate/security-event", "event", self._security_event, methods=["POST"])
        return app

    def _discovery(self) -> Response:
        return jsonify(override(_metadata(_issuer()), self._behaviour.discovery))

    def _authorize(self) -> AnyResponse | str:
        redirect_uri = redirect_uri_on_this_machine(request.args)
        if request.method == "GET":
            return account_chooser(NAME, PEOPLE.values())
        answer: dict[str, Any] = {"state": request.args.get("state"), "iss": _issuer()}
        person = PEOPLE.get(request.form.get("person", ""))
        if person is None:
            answer |= {"error": "access_denied"}
        elif person.disabled:
            answer |= {"error": "admin_policy_enforced"}
        else:
            code = self._codes.issue(person, request.args)
            answer |= {"code": code, "scope": "openid email profile", "authuser": "0"}
        return redirect(f"{redirect_uri}?{urlencode(override(answer, self._behaviour.callback))}")

    def _token(self) -> Response | tuple[Response, int]:
        sent = request.authorization or request.form
        names = ("username", "password") if request.authorization else ("client_id", "client_secret")
        if tuple(sent.get(name) for name in names) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client", error_description="The OAuth client was not found."), 401
        grant = self._codes.redeem(request.form)
        if grant is None:
            return jsonify(error="invalid_grant", error_description="Malformed auth code."), 400
        claims = {
            "iss": _issuer(),
            "azp": grant.client_id,
            "aud": grant.client_id,
            "nonce": grant.nonce,
            **grant.person.claims,
            **times(),
        }
        return jsonify(
            access_token=f"ya29.{secrets.token_urlsafe(40)}",
            expires_in=3599,
            scope="openid email profile",
            token_type="Bearer",  # noqa: S106 - its type
            id_token=self._keys.sign(claims),
        )

    def _risc(self) -> Response:
        return jsonify(
            issuer=f"{_issuer()}/",
            jwks_uri=f"{_issuer()}/oauth2/v3/certs",
            delivery_methods_supported=["urn:ietf:rfc:8935"],
        )

    def _security_event(self) -> Response:
        """Return a security event token (form: `event`, a type or its end; `sub`, `reason`, `state`)."""
        name = request.form["event"]
        event: dict[str, Any] = {k: v for k in ("reason", "state") if (v := request.form.get(k))}
        if "sub" in request.form:
            event["subject"] = {"subject_type": "iss-sub", "iss": f"{_issuer()}/", "sub": request.form["sub"]}
        claims = {
            "iss": f"{_issuer()}/",
            "aud": CLIENT_ID,
            "iat": times()["iat"],
            "jti": uuid.uuid4().hex,
            "events": {name if ":" in name else _RISC + name: event},
        }
        return Response(self._keys.sign(claims), mimetype="application/secevent+jwt")


def _issuer() -> str:
    return request.url_root.rstrip("/")


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/o/oauth2/v2/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/oauth2/v3/certs",
        "response_types_supported": ["code", "token", "id_token", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": True,
    }
