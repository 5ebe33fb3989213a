"""A client's logo, and how it is fetched."""

from dataclasses import dataclass

from identity.outbound_http import Limits, OutboundHttp, OutboundHttpError
from identity.relying_parties.schemas import RegistrationRefusedError

LIMITS = Limits(connect=3.0, read=5.0, total=5.0, size=64 * 1024)
# How images of these types begin. SVG is none of them: it can hold scripts and links.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True)
class Logo:
    """An image of one of `TYPES`, of at most 64 KiB."""

    uri: str
    media_type: str
    content: bytes


class PublishedLogos:
    """Fetches logos. `http` has `LIMITS`."""

    def __init__(self, http: OutboundHttp) -> None:
        self._http = http

    def fetch(self, uri: str, *, public_only: bool) -> Logo:
        """Return the image at the address; raises `RegistrationRefusedError`.

        `public_only`: the address was chosen by another party (see `OutboundHttp.get`).
        """
        try:
            response = self._http.get(uri, {"Accept": ", ".join(TYPES)}, public_only=public_only)
        except OutboundHttpError as error:
            raise RegistrationRefusedError([f"logo_uri: cannot be fetched: {error}"]) from None
        media_type = _type_of(response.body) if response.is_ok else None
        if media_type is None:
            raise RegistrationRefusedError(["logo_uri: is no PNG, JPEG, GIF or WebP image of up to 64 KiB"])
        return Logo(uri, media_type, response.body)


def _type_of(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begins, kind in _BEGINNINGS.items() if content.startswith(begins)), None)
