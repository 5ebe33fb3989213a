"""The logo of a client, for the page that asks residents for consent."""

import re

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from identity.relying_parties.logos.store import Logos
from identity.storage import Storage
from identity.web.api import READ, Route
from identity.web.documents import Document

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Opened as a page of its own it loads nothing and runs nothing.
_POLICY = {"Content-Security-Policy": "default-src 'none'; sandbox"}


class ClientLogos:
    """The public endpoint of logos."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def routes(self) -> list[Route]:
        """Return the endpoint."""
        return [Route("/clients/<client_id>/logo", READ, self.logo)]

    def logo(self, request: Request, client_id: str) -> Response:
        """Return the image."""
        if not _CLIENT_ID.fullmatch(client_id):
            raise NotFound
        with self._storage.autocommit() as connection:
            logo = Logos(connection).find_logo(client_id)
        if logo is None:
            raise NotFound
        return Document(logo.content, logo.media_type, _POLICY).respond(request)
