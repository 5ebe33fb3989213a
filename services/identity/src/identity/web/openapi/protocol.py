"""The endpoints of OpenID Connect Core, discovery and logout."""

from identity.web.openapi.parts import (
    JSON,
    TEXT,
    Part,
    content,
    form,
    kept,
    page,
    parameters,
    refusal,
    schema,
)

_TAG = ["OpenID Connect"]
_TOO_LARGE = {"413": refusal("More than 64 KiB.")}

AUTHORIZATION: dict[str, Part] = {
    "response_type": {"type": "string", "enum": ["code"]},
    "client_id": TEXT,
    "redirect_uri": {
        "type": "string",
        "description": "One that the client registered, compared character by character.",
    },
    "scope": TEXT,
    "state": TEXT,
    "nonce": TEXT,
    "response_mode": {"type": "string", "enum": ["query", "fragment", "form_post"]},
    "code_challenge": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
    "code_challenge_method": {"type": "string", "enum": ["S256"]},
    "prompt": {"type": "string", "description": "none, or any of login, consent, select_account, create."},
    "max_age": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    "id_token_hint": TEXT,
    "login_hint": TEXT,
    "ui_locales": TEXT,
    "acr_values": {"type": "string", "description": "Preferred values, never required (Core §5.5.1.1)."},
    "claims": {"type": "string", "description": "JSON, 8 KiB at most (OpenID Connect Core §5.5)."},
    "display": TEXT,
    "resource": {"type": "string", "description": "May occur more than once (RFC 8707)."},
    "request": {"type": "string", "description": "The request as a JWT signed by the client (RFC 9101)."},
    "request_uri": {"type": "string", "description": "What /par returned (RFC 9126)."},
    "dpop_jkt": {"type": "string", "description": "The thumbprint of the client's key (RFC 9449 §10)."},
}
CLIENT: dict[str, Part] = {
    "client_id": TEXT,
    "client_secret": TEXT,
    "client_assertion_type": TEXT,
    "client_assertion": {"type": "string", "description": "A JWT signed by the client (RFC 7523 §2.2)."},
}
_LOGOUT: dict[str, Part] = {
    "id_token_hint": TEXT,
    "client_id": TEXT,
    "post_logout_redirect_uri": TEXT,
    "state": TEXT,
    "ui_locales": TEXT,
}
_TOKEN: dict[str, Part] = {
    "grant_type": TEXT,
    "code": TEXT,
    "redirect_uri": TEXT,
    "code_verifier": TEXT,
    "refresh_token": TEXT,
    "device_code": TEXT,
    "subject_token": TEXT,
    "subject_token_type": TEXT,
    "audience": TEXT,
    "scope": TEXT,
    "resource": TEXT,
    **CLIENT,
}


def _authorize(summary: str, operation: str) -> Part:
    return {
        "tags": _TAG,
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": page("A form that the browser posts to the client (response_mode=form_post)."),
            "303": page("To the client with the response, or to the next page."),
            "400": page("The client or its redirect URI is not registered; the browser is not redirected."),
            "413": page("More than 64 KiB."),
        },
    }


def _end_session(summary: str, operation: str) -> Part:
    return {
        "tags": _TAG,
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": page("Signed out, or a question whether to sign out."),
            "303": page("To the client's post_logout_redirect_uri, or to the same request by GET."),
            "413": page("More than 64 KiB."),
        },
    }


def _userinfo(summary: str, operation: str) -> Part:
    return {
        "tags": _TAG,
        "operationId": operation,
        "summary": summary,
        "security": [{"access_token": []}, {}],
        "responses": {
            "200": {
                "description": "The claims that the token's scope allows, and those asked for by name.",
                "content": {
                    JSON: {"schema": schema("UserInfo")},
                    "application/jwt": {"schema": TEXT},
                },
            },
            "400": refusal("The token was sent twice (RFC 6750 §3.1)."),
            "401": refusal("No token, or one that is not valid here."),
            "403": refusal("The token has no scope openid."),
            **_TOO_LARGE,
        },
    }


def _metadata(summary: str, operation: str) -> Part:
    answers = kept(schema("ProviderMetadata"), "The provider's metadata.")
    return {"get": {"tags": _TAG, "operationId": operation, "summary": summary, "responses": answers}}


PATHS: dict[str, Part] = {
    "/.well-known/openid-configuration": _metadata(
        "Discovery (OpenID Connect Discovery 1.0)", "openidConfiguration"
    ),
    "/.well-known/oauth-authorization-server": _metadata("Discovery (RFC 8414)", "oauthMetadata"),
    "/jwks": {
        "get": {
            "tags": _TAG,
            "operationId": "jwks",
            "summary": "The public keys (RFC 7517)",
            "responses": kept(
                schema("JwkSet"), "The keys that sign, will sign, or signed tokens that may still be valid."
            ),
        }
    },
    "/authorize": {
        "get": _authorize("Ask for a resident to be signed in (OpenID Connect Core §3.1.2)", "authorize")
        | {"parameters": parameters(AUTHORIZATION)},
        "post": _authorize("The same, as a form", "authorizeByPost")
        | {"requestBody": form(AUTHORIZATION, is_needed=False)},
    },
    "/token": {
        "post": {
            "tags": _TAG,
            "operationId": "token",
            "summary": "Get tokens for a grant (RFC 6749 §3.2)",
            "security": [{"client_secret_basic": []}, {}],
            "requestBody": form(_TOKEN, "grant_type"),
            "responses": {
                "200": content("The tokens.", schema("Tokens")),
                "400": refusal("The error of RFC 6749 §5.2."),
                "401": refusal("Client authentication failed."),
                **_TOO_LARGE,
            },
        }
    },
    "/userinfo": {
        "get": _userinfo("The resident's claims (OpenID Connect Core §5.3)", "userinfo"),
        "post": _userinfo("The same, with the token in a form", "userinfoByPost")
        | {"requestBody": form({"access_token": TEXT}, is_needed=False)},
    },
    "/end-session": {
        "get": _end_session("Sign the resident out (RP-Initiated Logout 1.0)", "endSession")
        | {"parameters": parameters(_LOGOUT)},
        "post": _end_session("The same, as a form", "endSessionByPost")
        | {"requestBody": form(_LOGOUT, is_needed=False)},
    },
}
