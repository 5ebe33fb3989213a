"""Simulated Microsoft: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow."""

import secrets
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from .authorization_codes import AuthorizationCodes, redirect_uri_on_this_machine
from .behaviour import Behaviour, inject_faults, override
from .pages import account_chooser
from .people import Person, by_key
from .signing import SimulatedKeys, times

NAME = "Microsoft"
CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e"
CLIENT_SECRET = "abc8Q~sample-secret-of-the-simulated-microsoft"  # noqa: S105 - a sample
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
COMPANY = "3338040d-6c67-4c5b-b112-36a304b66daa"
ATTACKERS = "66666666-6666-4666-8666-666666666666"

PEOPLE = by_key(
    (
        Person(
            "patricia",
            "a personal account whose address Microsoft has proved (xms_edov)",
            {
                "tid": CONSUMERS,
                "oid": "00000000-0000-0000-66f3-3332eca7ea81",
                "email": "patricia.hall@outlook.com",
                "xms_edov": True,
                "given_name": "Patricia",
                "family_name": "Hall",
            },
        ),
        Person(
            "carl",
            "a company's account, its domain proved (xms_edov as text)",
            {
                "tid": COMPANY,
                "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
                "email": "carl@example.com",
                "xms_edov": "1",
                "given_name": "Carl",
                "family_name": "Jensen",
            },
        ),
        Person(
            "mallory",
            "a tenant whose administrator typed the address of another person",
            {
                "tid": ATTACKERS,
                "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
                "email": "grace.morales@gmail.com",
                "given_name": "Grace",
                "family_name": "Morales",
            },
        ),
        Person(
            "nora",
            "no address at all",
            {
                "tid": COMPANY,
                "oid": "9f4880d8-80ba-4c40-97bc-f7a23c703084",
                "given_name": "Nora",
                "family_name": "Lind",
            },
        ),
        Person(
            "derek",
            "a disabled account (AADSTS50057)",
            {"tid": COMPANY, "given_name": "Derek"},
            disabled=True,
        ),
    )
)


class SimulatedMicrosoft:
    """The provider, for every tenant. Its authority is the address at which it is mounted."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._codes, self._keys = behaviour, AuthorizationCodes(), SimulatedKeys(behaviour)

    def app(self) -> Flask:
        """Return the application to mount."""
        app = Flask(__name__)
        inject_faults(app, self._behaviour)
        app.add_url_rule(
            "/<tenant>/v2.0/.well-known/openid-configuration",
            "discovery",
            lambda tenant: override(_metadata(_authority(), tenant), self._behaviour.discovery),
        )
        app.add_url_rule(
            "/<tenant>/discovery/v2.0/keys",
            "keys",
            lambda **_: self._keys.published({"issuer": f"{_authority()}/{{tenantid}}/v2.0"}),
        )
        app.add_url_rule(
            "/<tenant>/oauth2/v2.0/authorize", "authorize", self._authorize, methods=["GET", "POST"]
        )
        app.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", self._token, methods=["POST"])
        return app

    def _authorize(self, **_tenant: str) -> AnyResponse | str:
        redirect_uri = redirect_uri_on_this_machine(request.args)
        if request.method == "GET":
            return account_chooser(NAME, PEOPLE.values())
        answer: dict[str, Any] = {"state": request.args.get("state")}
        person = PEOPLE.get(request.form.get("person", ""))
        if person is None:
            answer |= {
                "error": "access_denied",
                "error_subcode": "cancel",
                "error_description": "AADSTS65004: User declined to consent to access the app.",
            }
        else:
            answer |= {"code": self._codes.issue(person, request.args), "session_state": str(uuid.uuid4())}
        return redirect(f"{redirect_uri}?{urlencode(override(answer, self._behaviour.callback))}")

    def _token(self, **_tenant: str) -> Response | tuple[Response, int]:
        if (request.form.get("client_id"), request.form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refusal("invalid_client", 7000215, "Invalid client secret provided."), 401
        grant = self._codes.redeem(request.form)
        if grant is None:
            return _refusal("invalid_grant", 70008, "The provided authorization code has expired."), 400
        if grant.person.disabled:
            return _refusal("invalid_grant", 50057, "The user account is disabled."), 400
        claims = {
            "ver": "2.0",
            "iss": f"{_authority()}/{grant.person.claims['tid']}/v2.0",
            "aud": grant.client_id,
            # Another for each client.
            "sub": f"AAAAAAAA{grant.person.key}",
            "nonce": grant.nonce,
            "preferred_username": grant.person.claims.get("email"),
            **grant.person.claims,
            **times(),
        }
        return jsonify(
            access_token=f"Ew{secrets.token_urlsafe(40)}",
            token_type="Bearer",  # noqa: S106 - its type
            expires_in=3599,
            scope="openid email profile",
            id_token=self._keys.sign(claims),
        )


def _authority() -> str:
    return request.url_root.rstrip("/")


def _metadata(authority: str, tenant: str) -> dict[str, Any]:
    named = {"common": "{tenantid}", "organizations": "{tenantid}", "consumers": CONSUMERS}.get(
        tenant, tenant
    )
    return {
        "issuer": f"{authority}/{named}/v2.0",
        "authorization_endpoint": f"{authority}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/{tenant}/oauth2/v2.0/token",
        "jwks_uri": f"{authority}/{tenant}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }


def _refusal(error: str, code: int, text: str) -> Response:
    trace, now = str(uuid.uuid4()), datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return jsonify(
        error=error,
        error_description=f"AADSTS{code}: {text} Trace ID: {trace} Timestamp: {now}",
        error_codes=[code],
        timestamp=now,
        trace_id=trace,
        correlation_id=str(uuid.uuid4()),
    )
