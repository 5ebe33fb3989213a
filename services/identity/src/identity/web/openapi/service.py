"""The endpoints beside the protocol: cities, notices, security events, health, and this description."""

from identity.relying_parties.logos.logo import TYPES
from identity.web.openapi.parts import JSON, TEXT, Part, content, kept, record, refusal, schema

_CITY = {"name": "city_id", "in": "path", "required": True, "schema": TEXT}
_UNKNOWN = {"404": refusal("There is no such city.")}
_NO_LOGO = {"404": refusal("There is no such client, or it has no logo.")}
_IMAGE: Part = {"schema": {"type": "string", "format": "binary"}}
_LOGO: Part = {
    "200": {"description": "The image.", "content": dict.fromkeys(TYPES, _IMAGE)},
    "304": {"description": "Its entity tag is the one in If-None-Match."},
}
_HEALTH = record({"status": TEXT})
_VISITOR = record({"address": {"type": ["string", "null"]}, "scheme": TEXT, "forwarded": {"type": "integer"}})


def _of_a_city(operation: str, summary: str, body: Part, kind: str = JSON) -> Part:
    described = {
        "tags": ["Cities"],
        "operationId": operation,
        "summary": summary,
        "parameters": [_CITY],
        "responses": kept(body, summary, kind) | _UNKNOWN,
    }
    return {"get": described}


def _health(operation: str, summary: str, answers: Part) -> Part:
    described = {"tags": ["Health"], "operationId": operation, "summary": summary, "responses": answers}
    return {"get": described}


PATHS: dict[str, Part] = {
    "/cities/{city_id}": _of_a_city("city", "A city's public data", schema("City")),
    "/cities/{city_id}/logo.svg": _of_a_city("cityLogo", "Its logo", TEXT, "image/svg+xml"),
    "/cities/{city_id}/theme.css": _of_a_city("cityTheme", "Its colours as a style sheet", TEXT, "text/css"),
    "/.well-known/change-password": {
        "get": {
            "tags": ["Residents"],
            "operationId": "changePassword",
            "summary": "Where a resident changes the password; for password managers (W3C)",
            "responses": {"303": {"description": "Redirects to the page."}},
        }
    },
    "/clients/{client_id}/logo": {
        "get": {
            "tags": ["OpenID Connect"],
            "operationId": "clientLogo",
            "summary": "A client's logo, as it was when the client was written",
            "parameters": [{"name": "client_id", "in": "path", "required": True, "schema": TEXT}],
            "responses": _LOGO | _NO_LOGO,
        }
    },
    "/notices": {
        "post": {
            "tags": ["Notices"],
            "operationId": "notice",
            "summary": "Send a resident a mail; for services that are registered as resources",
            "security": [{"resource_secret": []}],
            "requestBody": {"required": True, "content": {JSON: {"schema": schema("Notice")}}},
            "responses": {
                "202": content("Accepted; the same id again is accepted and sends no mail.", _HEALTH),
                "400": refusal("Not valid; `field` names the member at fault."),
                "401": refusal("Authentication of the service failed."),
                "404": refusal("There is no such resident."),
                "413": refusal("More than 8 KiB."),
            },
        }
    },
    "/events/poll": {
        "post": {
            "tags": ["Security events"],
            "operationId": "pollEvents",
            "summary": "Fetch and acknowledge security events (RFC 8936); for registered receivers",
            "security": [{"receiver_secret": []}],
            "requestBody": {"required": True, "content": {JSON: {"schema": schema("Poll")}}},
            "responses": {
                "200": content("The events.", schema("PolledEvents")),
                "400": content("Not valid.", schema("EventError")),
                "401": content("Authentication of the receiver failed.", schema("EventError")),
                "413": content("More than 64 KiB.", schema("EventError")),
                "415": content("Not JSON.", schema("EventError")),
            },
        }
    },
    "/health/live": _health("live", "Whether this process runs", {"200": content("It does.", _HEALTH)}),
    "/health/ready": _health(
        "ready",
        "Whether it can serve",
        {"200": content("It can.", _HEALTH), "503": content("The database does not answer.", _HEALTH)},
    ),
    "/health/visitor": _health(
        "visitor",
        "How this service sees the caller behind your proxies",
        {"200": content("The caller's address, null where it cannot be read.", _VISITOR)},
    ),
    "/openapi.json": {
        "get": {
            "tags": ["Description"],
            "operationId": "openapi",
            "summary": "This description",
            "responses": kept({"type": "object"}, "OpenAPI 3.1."),
        }
    },
}
