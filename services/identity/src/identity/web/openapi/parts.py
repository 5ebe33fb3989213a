"""Pieces of OpenAPI 3.1 that several endpoints share."""

from collections.abc import Mapping
from typing import Any

Part = dict[str, Any]

TEXT: Part = {"type": "string"}
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HTML = "text/html"


def schema(name: str) -> Part:
    """Return a reference to one of the named schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: Mapping[str, Part], optional: Mapping[str, Part] | None = None) -> Part:
    """Return the schema of an object, which may have other members too."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def content(description: str, body: Part, kind: str = JSON) -> Part:
    """Return a response with a body."""
    return {"description": description, "content": {kind: {"schema": body}}}


def page(description: str) -> Part:
    """Return a response that is a page."""
    return content(description, TEXT, HTML)


def refusal(description: str) -> Part:
    """Return a response with the error of the specification."""
    return content(description, schema("Error"))


def kept(body: Part, description: str, kind: str = JSON) -> Part:
    """Return the responses of a document that caches keep, with an entity tag."""
    return {
        "200": content(description, body, kind),
        "304": {"description": "Its entity tag is the one in If-None-Match."},
    }


def parameters(described: Mapping[str, Part], *required: str) -> list[Part]:
    """Return query parameters."""
    return [
        {"name": name, "in": "query", "required": name in required, "schema": one}
        for name, one in described.items()
    ]


def form(described: Mapping[str, Part], *required: str, is_needed: bool = True) -> Part:
    """Return the body of a form."""
    fields = {"type": "object", "properties": dict(described), "required": list(required)}
    return {"required": is_needed, "content": {FORM: {"schema": fields}}}
