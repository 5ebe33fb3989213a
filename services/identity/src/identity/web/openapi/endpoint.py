"""`GET /openapi.json`: the description, made once."""

import json

from identity.config import Settings
from identity.web.api import READ, Route
from identity.web.documents import Document
from identity.web.openapi import extensions, protocol, registration, service
from identity.web.openapi.schemas import SCHEMAS, SECURITY


class OpenApi:
    """The endpoint of the description, with the configured issuer as the one server."""

    def __init__(self, settings: Settings) -> None:
        self._document = Document(json.dumps(describe(settings.issuer)).encode(), "application/json")

    def routes(self) -> list[Route]:
        """Return the endpoint; the description contains nothing that is not public."""
        return [Route("/openapi.json", READ, self._document.respond, cross_origin=True)]


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
