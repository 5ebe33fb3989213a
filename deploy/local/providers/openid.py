"""A provider such as login.gov: `private_key_jwt` only, `acr_values`, claims from the userinfo endpoint."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from werkzeug.wrappers import Response as AnyResponse

from .authorization_codes import AuthorizationCodes, redirect_uri_on_this_machine
from .behaviour import Behaviour, inject_faults, override
from .pages import account_chooser
from .people import Person, by_key
from .signing import SimulatedKeys, times

NAME = "OpenID provider"
CLIENT_ID = "urn:gov:gsa:openidconnect.profiles:sp:sso:sample:community_access"
ACR = "urn:acr.login.gov:auth-only"

PEOPLE = by_key(
    (
        Person(
            "louise",
            "an address that the provider has verified",
            {
                "sub": "b2d2d115-1d7e-4579-b9d6-f8e84f4f56ca",
                "email": "louise@example.gov",
                "email_verified": True,
                "given_name": "Louise",
                "family_name": "Hart",
                "locale": "es",
            },
        ),
    )
)


class SimulatedOpenIDProvider:
    """The provider. `client_key` is the key whose private half signs client assertions."""

    def __init__(self, behaviour: Behaviour, client_key: ECKey) -> None:
        self._behaviour, self._client_key = behaviour, client_key
        self._codes, self._keys = AuthorizationCodes(), SimulatedKeys(behaviour)
        self._tokens: dict[str, Person] = {}
        self._assertions: set[str] = set()

    def app(self) -> Flask:
        """Return the application to mount."""
        app = Flask(__name__)
        inject_faults(app, self._behaviour)
        app.add_url_rule(
            "/.well-known/openid-configuration",
            "discovery",
            lambda: override(_metadata(_issuer()), self._behaviour.discovery),
        )
        app.add_url_rule("/api/openid_connect/certs", "keys", self._keys.published)
        app.add_url_rule("/openid_connect/authorize", "authorize", self._authorize, methods=["GET", "POST"])
        app.add_url_rule("/api/openid_connect/token", "token", self._token, methods=["POST"])
        app.add_url_rule("/api/openid_connect/userinfo", "person", self._person)
        return app

    def _authorize(self) -> AnyResponse | str:
        redirect_uri = redirect_uri_on_this_machine(request.args)
        if request.method == "GET":
            return account_chooser(NAME, PEOPLE.values())
        answer: dict[str, Any] = {"state": request.args.get("state")}
        person = PEOPLE.get(request.form.get("person", ""))
        answer |= {"code": self._codes.issue(person, request.args)} if person else {"error": "access_denied"}
        return redirect(f"{redirect_uri}?{urlencode(override(answer, self._behaviour.callback))}")

    def _token(self) -> Response | tuple[Response, int]:
        assertion = request.form.get("client_assertion", "")
        if not _is_our_assertion(assertion, self._client_key, self._assertions):
            return jsonify(error="invalid_client"), 401
        grant = self._codes.redeem(request.form)
        if grant is None:
            return jsonify(error="invalid_grant"), 400
        access_token = secrets.token_urlsafe(32)
        self._tokens[access_token] = grant.person
        claims = {
            "iss": _issuer(),
            "aud": grant.client_id,
            "sub": grant.person.claims["sub"],
            "nonce": grant.nonce,
            "acr": ACR,
            **times(900),
        }
        return jsonify(
            access_token=access_token,
            token_type="Bearer",  # noqa: S106 - its type
            expires_in=900,
            id_token=self._keys.sign(claims),
        )

    def _person(self) -> Response | tuple[Response, int]:
        person = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if person is None:
            return jsonify(error="invalid_token"), 401
        return jsonify(override({"iss": _issuer(), **person.claims}, self._behaviour.person))


def _issuer() -> str:
    # With its final slash, as login.gov has it.
    return request.url_root


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}openid_connect/authorize",
        "token_endpoint": f"{issuer}api/openid_connect/token",
        "jwks_uri": f"{issuer}api/openid_connect/certs",
        "userinfo_endpoint": f"{issuer}api/openid_connect/userinfo",
        "acr_values_supported": [ACR],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }


def _is_our_assertion(assertion: str, client_key: ECKey, used: set[str]) -> bool:
    try:
        claims = jwt.decode(assertion, client_key, algorithms=["ES256"]).claims
    except (JoseError, ValueError):
        return False
    if claims.get("jti") in used or claims.get("aud") != f"{_issuer()}api/openid_connect/token":
        return False
    used.add(claims["jti"])
    return claims.get("iss") == claims.get("sub") == CLIENT_ID and time.time() < claims.get("exp", 0)
