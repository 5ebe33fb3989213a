"""The public keys of the provider's signatures (RFC 7517 §5)."""

from werkzeug.wrappers import Request, Response

from identity.signing_keys.key_set import MAX_AGE, KeySet
from identity.web.documents import Document


class Jwks:
    """The JWK Set, made anew only when a key is published or withdrawn."""

    def __init__(self, key_set: KeySet) -> None:
        self._key_set = key_set
        self._made: tuple[bytes, Document] | None = None

    def respond(self, request: Request) -> Response:
        """Return the published keys."""
        published, made = self._key_set.published(), self._made
        if made is None or made[0] is not published:
            made = published, Document(published, "application/json", max_age=MAX_AGE)
            self._made = made
        return made[1].respond(request)
