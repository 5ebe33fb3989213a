"""Public documents that caches keep: made once, and answered by 304 where the caller has them already."""

import hashlib
from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

_FIVE_MINUTES = 300


class Document:
    """Bytes with an entity tag (RFC 9110 §8.8.3).

    Its two responses are shared by all requests: nothing may change them.
    """

    def __init__(
        self,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        *,
        max_age: int = _FIVE_MINUTES,
    ) -> None:
        """Make the responses; caches keep the document for `max_age` seconds."""
        self._etag = hashlib.sha256(body).hexdigest()[:32]
        kept = {"Cache-Control": f"public, max-age={max_age}", "ETag": f'"{self._etag}"', **(headers or {})}
        self._full = Response(body, 200, {"Content-Type": content_type, **kept})
        self._not_modified = Response(status=304, headers=kept)
        del self._not_modified.headers["Content-Type"]

    def respond(self, request: Request) -> Response:
        """Return the document, or 304 for a caller whose copy has the same entity tag (RFC 9110 §13.1.2)."""
        is_known = "HTTP_IF_NONE_MATCH" in request.environ and request.if_none_match.contains(self._etag)
        return self._not_modified if is_known else self._full
