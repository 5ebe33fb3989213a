"""Identity's public keys (JWKS): found by discovery, cached as long as it says, longer while it is down.

They are fetched by a thread of their own. A call waits for it only if its key is not known, at most a second
and with few others: the key id is what a caller wrote, who has proved nothing yet.
"""

import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from billing_link.errors import UnavailableError
from billing_link.identity_documents import IdentityDocument, Published, Retention
from billing_link.outbound_http import HttpResponse, Limits, OutboundHttp, OutboundHttpError

# Of each of the two requests. Identity's responses have about 2,000 bytes.
LIMITS = Limits(connect=2.0, read=2.0, total=3.0, size=65_536)
_MOST_KEYS = 32
# Bits.
_SMALLEST_RSA = 2048
# Seconds for which keys are fresh: `max-age` of identity's Cache-Control within these bounds, or the default.
_SHORTEST_LIFE, _DEFAULT_LIFE, _LONGEST_LIFE = 60, 300, 3600
# Seconds for which keys that are no longer fresh are used while identity does not respond.
_STALE_LIFE = 3600
# Seconds between two requests, with and without keys in the cache: unknown key ids, or an identity that is
# down, must not cause a flood of requests.
_REQUEST_INTERVAL, _REQUEST_INTERVAL_WITHOUT_KEYS = 10, 1
# Seconds that a call with an unknown key id waits for a fetch.
_LONGEST_WAIT = 1.0

_KEY_TYPES = {"ES256": "EC", "RS256": "RSA"}

Keys = Mapping[str, ECKey | RSAKey]


class IssuerKeys:
    """The public keys of one issuer. Safe to use from many threads."""

    def __init__(
        self,
        issuer: str,
        http: OutboundHttp,
        *,
        seconds: Callable[[], float] = time.monotonic,
        waiting: int = 8,
    ) -> None:
        """Fetch nothing yet. `seconds` is a monotonic clock; so many calls may be `waiting` for a fetch."""
        self.issuer = issuer
        self._http = http
        retention = Retention(
            stale=_STALE_LIFE,
            pause=_REQUEST_INTERVAL,
            pause_without_copy=_REQUEST_INTERVAL_WITHOUT_KEYS,
            wait=_LONGEST_WAIT,
            waiting=waiting,
        )
        self._published = IdentityDocument(self._fetch, retention, seconds)

    def start_fetch(self) -> None:
        """Fetch the keys in the background, so that the first calls find them."""
        self._published.start_fetch()

    def find_key(self, kid: str, algorithm: str) -> ECKey | RSAKey | None:
        """Return the key with this id if it fits the algorithm; None if there is no such key.

        Raises `UnavailableError` while there are no keys in the cache, and for an unknown id while the keys
        are fetched and do not come in time.
        """
        try:
            keys = self._published.get(lambda keys: kid not in keys)
        except OutboundHttpError as error:
            raise UnavailableError(f"identity's keys cannot be fetched: {error}") from None
        key = keys.get(kid)
        if key is None or key.key_type != _KEY_TYPES[algorithm] or key.get("alg", algorithm) != algorithm:
            return None
        return key

    def _fetch(self) -> Published[Keys]:
        metadata = _object(self._http.get(f"{self.issuer}/.well-known/openid-configuration"))
        if metadata.get("issuer") != self.issuer:
            raise OutboundHttpError("the metadata names another issuer")
        address = str(metadata.get("jwks_uri"))
        if not _is_same_origin(address, self.issuer):
            raise OutboundHttpError("the keys are at another origin")
        response = self._http.get(address)
        entries = _object(response).get("keys")
        found = [_import(entry) for entry in entries[:_MOST_KEYS]] if isinstance(entries, list) else []
        by_id = {str(key.kid): key for key in found if key is not None}
        if not by_id:
            raise OutboundHttpError("there is no usable key")
        return Published(by_id, _life(response.headers.get("Cache-Control", "")))


def _object(response: HttpResponse) -> dict[str, object]:
    document = response.json_if_ok()
    if not isinstance(document, dict):
        raise OutboundHttpError("the answer is not a JSON object")
    return document


def _life(cache_control: str) -> float:
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name == "max-age" and value.isdecimal():
            return min(max(int(value), _SHORTEST_LIFE), _LONGEST_LIFE)
    return _DEFAULT_LIFE


def _is_same_origin(address: str, other: str) -> bool:
    try:
        return _origin(address) == _origin(other)
    except ValueError:
        return False


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _import(entry: object) -> ECKey | RSAKey | None:
    """Return a signature key that we accept, or None for any other entry."""
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("kid"), str)
        or entry.get("use", "sig") != "sig"
    ):
        return None
    try:
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            return ECKey.import_key(entry)
        # base64url has six bits a character: a modulus that is too short is not read.
        if entry.get("kty") == "RSA" and len(entry.get("n", "")) * 6 >= _SMALLEST_RSA:
            return RSAKey.import_key(entry)
    except (JoseError, ValueError, TypeError):
        return None
    return None
