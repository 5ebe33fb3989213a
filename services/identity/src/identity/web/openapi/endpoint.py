"""`GET /openapi.json`: the description as prepared bytes."""

import hashlib
import json

from flask import Blueprint, Response, make_response, request

from identity.config import Settings
from identity.web.openapi import extensions, protocol, registration, service
from identity.web.openapi.schemas import SCHEMAS, SECURITY


class OpenApi:
    """Publishes the description, with the configured issuer as the one server."""

    def __init__(self, settings: Settings) -> None:
        self._body = json.dumps(describe(settings.issuer)).encode()
        self._etag = hashlib.sha256(self._body).hexdigest()[:32]

    def blueprint(self) -> Blueprint:
        """Return the endpoint."""
        blueprint = Blueprint("openapi", __name__)
        blueprint.get("/openapi.json")(self.description)
        return blueprint

    def description(self) -> Response:
        """Serve the description; it says nothing that is not public."""
        response = make_response(self._body)
        response.mimetype = "application/json"
        response.headers["Cache-Control"] = "public, max-age=300"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.set_etag(self._etag)
        response.make_conditional(request)
        return response


def describe(issuer: str) -> dict[str, object]:
    """Return the OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Community Access ID",
            "version": "1",
            "description": "What programs call. OpenID Connect libraries need the discovery document alone.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "security": [],
        "paths": protocol.PATHS | extensions.PATHS | registration.PATHS | service.PATHS,
        "components": {"schemas": SCHEMAS, "securitySchemes": SECURITY},
    }
