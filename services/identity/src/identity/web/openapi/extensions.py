"""The endpoints beyond OpenID Connect Core: pushed requests, introspection, revocation, devices."""

from identity.web.openapi.parts import TEXT, Part, content, form, record, refusal
from identity.web.openapi.protocol import AUTHORIZATION, CLIENT

_TOKEN: dict[str, Part] = {"token": TEXT, "token_type_hint": TEXT}
_DEVICE: dict[str, Part] = {"scope": TEXT, "resource": TEXT}
_CODES = record(
    {
        "device_code": TEXT,
        "user_code": TEXT,
        "verification_uri": TEXT,
        "verification_uri_complete": TEXT,
        "expires_in": {"type": "integer"},
        "interval": {"type": "integer"},
    }
)


def _for_clients(operation: str, summary: str, body: Part, answers: Part) -> Part:
    described = {
        "tags": ["OpenID Connect"],
        "operationId": operation,
        "summary": summary,
        "security": [{"client_secret_basic": []}, {}],
        "requestBody": body,
        "responses": {
            **answers,
            "400": refusal("The error of RFC 6749 §5.2."),
            "401": refusal("Client authentication failed."),
            "413": refusal("More than 64 KiB."),
        },
    }
    return {"post": described}


PATHS: dict[str, Part] = {
    "/par": _for_clients(
        "par",
        "Push an authorization request (RFC 9126)",
        form(
            {name: part for name, part in AUTHORIZATION.items() if name != "request_uri"} | CLIENT,
            is_needed=False,
        ),
        {
            "201": content(
                "The `request_uri` for /authorize.",
                record({"request_uri": TEXT, "expires_in": {"type": "integer"}}),
            )
        },
    ),
    "/introspect": _for_clients(
        "introspect",
        "Introspect a token (RFC 7662)",
        form(_TOKEN | CLIENT, "token"),
        {"200": content("Whether it is active, and its claims.", record({"active": {"type": "boolean"}}))},
    ),
    "/revoke": _for_clients(
        "revoke",
        "Revoke a token and its grant (RFC 7009)",
        form(_TOKEN | CLIENT, "token"),
        {"200": content("Revoked, or unknown.", {"type": "object"})},
    ),
    "/device_authorization": _for_clients(
        "deviceAuthorization",
        "Start a sign-in on a device without a keyboard (RFC 8628)",
        form(_DEVICE | CLIENT, is_needed=False),
        {"200": content("The codes.", _CODES), "429": refusal("Too many from this network.")},
    ),
}
