"""The schemas of requests and responses, by name, and the ways to authenticate."""

from identity.web.openapi.parts import TEXT, Part, record

_TEXTS: Part = {"type": "array", "items": TEXT}
_BOOLEAN: Part = {"type": "boolean"}
_SECONDS: Part = {"type": "integer", "minimum": 0}

SCHEMAS: dict[str, Part] = {
    "Error": record({"error": TEXT}, {"error_description": TEXT, "field": TEXT}),
    "Tokens": record(
        {
            "access_token": TEXT,
            "token_type": {"type": "string", "enum": ["Bearer", "DPoP", "N_A"]},
            "expires_in": _SECONDS,
            "scope": TEXT,
        },
        {"id_token": TEXT, "refresh_token": TEXT},
    ),
    "EventError": record({"err": TEXT, "description": TEXT}),
    "Poll": {
        "type": "object",
        "properties": {
            "maxEvents": {"type": "integer"},
            "returnImmediately": _BOOLEAN,
            "ack": _TEXTS,
            "setErrs": {"type": "object"},
            "after": TEXT,
            "since": {"type": "integer"},
        },
    },
    "PolledEvents": record({"sets": {"type": "object"}, "moreAvailable": _BOOLEAN}),
    "UserInfo": record(
        {"sub": TEXT},
        {
            "name": TEXT,
            "given_name": TEXT,
            "family_name": TEXT,
            "locale": TEXT,
            "email": {"type": "string", "format": "email"},
            "email_verified": _BOOLEAN,
        },
    ),
    "JwkSet": record(
        {
            "keys": {
                "type": "array",
                "items": record({"kid": TEXT, "kty": TEXT, "alg": TEXT, "use": {"const": "sig"}})
                # No member of a private key.
                | {"not": {"anyOf": [{"required": [name]} for name in ("d", "p", "q", "k")]}},
            }
        }
    ),
    "ProviderMetadata": record(
        {
            "issuer": TEXT,
            "authorization_endpoint": TEXT,
            "token_endpoint": TEXT,
            "userinfo_endpoint": TEXT,
            "end_session_endpoint": TEXT,
            "jwks_uri": TEXT,
            "scopes_supported": _TEXTS,
            "response_types_supported": _TEXTS,
            "response_modes_supported": _TEXTS,
            "grant_types_supported": _TEXTS,
            "subject_types_supported": _TEXTS,
            "id_token_signing_alg_values_supported": _TEXTS,
            "token_endpoint_auth_methods_supported": _TEXTS,
            "code_challenge_methods_supported": _TEXTS,
            "claims_supported": _TEXTS,
            "authorization_response_iss_parameter_supported": _BOOLEAN,
        }
    ),
    "City": record(
        {
            "name": TEXT,
            "website": TEXT,
            "support_phone": TEXT,
            "support_name": TEXT,
            "primary_color": TEXT,
            "accent_color": TEXT,
            "languages": _TEXTS,
            "time_zone": TEXT,
            "notice": TEXT,
            "logo": TEXT,
        }
    ),
    "Notice": record(
        {
            "id": {"type": "string", "pattern": "^[A-Za-z0-9_.:~-]{1,64}$"},
            "sub": {"type": "string", "pattern": "^[A-Za-z0-9_.:~-]{1,64}$"},
            "kind": {
                "type": "string",
                "enum": [
                    "utility_account_linked",
                    "utility_account_auto_linked",
                    "utility_account_linked_by_other",
                    "utility_account_unlinked",
                ],
            },
            "city": {"type": "string", "pattern": "^[A-Za-z0-9_.:~-]{1,64}$"},
            "details": record(
                {
                    "account_ending": {
                        "type": "string",
                        "pattern": "^[A-Za-z0-9]+(?:[ -][A-Za-z0-9]+|[.][0-9]+)*$",
                        "maxLength": 8,
                    }
                },
                {"undo_until": {"type": "string", "format": "date"}},
            ),
        }
    ),
}

SECURITY: dict[str, Part] = {
    "client_secret_basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The client's id and secret, form-encoded (RFC 6749 §2.3.1).",
    },
    "access_token": {"type": "http", "scheme": "bearer", "description": "An access token for this issuer."},
    "initial_access_token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of an invitation of the operator.",
    },
    "registration_access_token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The client's token for its own registration, from the last response.",
    },
    "resource_secret": {
        "type": "http",
        "scheme": "basic",
        "description": "The resource's id and secret, form-encoded.",
    },
    "receiver_secret": {
        "type": "http",
        "scheme": "basic",
        "description": "The receiver's id and secret, form-encoded.",
    },
}
