"""The endpoints of clients that register themselves (RFC 7591, RFC 7592)."""

from identity.web.openapi.parts import JSON, TEXT, Part, content, record, refusal

_TEXTS: Part = {"type": "array", "items": TEXT}
_BOOLEAN: Part = {"type": "boolean"}
_METADATA: dict[str, Part] = {
    "client_name": TEXT,
    "redirect_uris": _TEXTS,
    "grant_types": _TEXTS,
    "response_types": {"type": "array", "items": {"type": "string", "enum": ["code"]}},
    "scope": TEXT,
    "token_endpoint_auth_method": TEXT,
    "jwks": {"type": "object"},
    "jwks_uri": TEXT,
    "tls_client_auth_subject_dn": TEXT,
    "tls_client_certificate_bound_access_tokens": _BOOLEAN,
    "dpop_bound_access_tokens": _BOOLEAN,
    "require_pushed_authorization_requests": _BOOLEAN,
    "require_signed_request_object": _BOOLEAN,
    "id_token_signed_response_alg": TEXT,
    "userinfo_signed_response_alg": TEXT,
    "subject_type": TEXT,
    "sector_identifier_uri": TEXT,
    "logo_uri": TEXT,
    "policy_uri": TEXT,
    "tos_uri": TEXT,
    "initiate_login_uri": TEXT,
    "post_logout_redirect_uris": _TEXTS,
    "backchannel_logout_uri": TEXT,
    "backchannel_logout_session_required": _BOOLEAN,
}
_INFORMATION = record(
    {
        "client_id": TEXT,
        "client_id_issued_at": {"type": "integer"},
        "registration_access_token": TEXT,
        "registration_client_uri": TEXT,
    },
    {
        "client_secret": TEXT,
        "client_secret_expires_at": {"type": "integer"},
    }
    | _METADATA,
)
_CLIENT = {"name": "client_id", "in": "path", "required": True, "schema": TEXT}
_FAULTY = {"400": refusal("The error of RFC 7591 §3.2.2.")}


def _operation(operation: str, summary: str, proof: str, answers: Part, body: Part | None = None) -> Part:
    described = {
        "tags": ["OpenID Connect"],
        "operationId": operation,
        "summary": summary,
        "security": [{proof: []}],
        "responses": {
            **answers,
            "401": refusal("No token, or one that is not valid here."),
            "413": refusal("More than 64 KiB."),
            "429": refusal("Too many from this network."),
        },
    }
    return described | ({"requestBody": body} if body else {})


def _of_client(operation: str, summary: str, answers: Part, body: Part | None = None) -> Part:
    described = _operation(operation, summary, "registration_access_token", answers, body)
    return described | {"parameters": [_CLIENT]}


def _metadata(*required: str, **more: Part) -> Part:
    fields = {"type": "object", "properties": _METADATA | more, "required": list(required)}
    return {"required": True, "content": {JSON: {"schema": fields}}}


PATHS: dict[str, Part] = {
    "/register": {
        "post": _operation(
            "registerClient",
            "Register a client with an invitation of the operator (RFC 7591 §3)",
            "initial_access_token",
            {"201": content("The client.", _INFORMATION), **_FAULTY},
            _metadata(),
        )
    },
    "/register/{client_id}": {
        "get": _of_client(
            "client",
            "Read the client's registration (RFC 7592 §2.1)",
            {"200": content("The client.", _INFORMATION)},
        ),
        "put": _of_client(
            "updateClient",
            "Replace the client's metadata; its token is replaced too (RFC 7592 §2.2)",
            {"200": content("The client.", _INFORMATION), **_FAULTY},
            _metadata("client_id", client_id=TEXT, client_secret=TEXT),
        ),
        "delete": _of_client(
            "deleteClient",
            "Delete the client and all grants to it (RFC 7592 §2.3)",
            {"204": {"description": "Deleted."}},
        ),
    },
}
