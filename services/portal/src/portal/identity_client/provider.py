"""HTTP GET at identity, and the two documents it publishes: its metadata and its keys (JWKS), cached."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import requests

from portal.clock import Clock
from portal.errors import IdentityUnavailableError
from portal.json_text import JsonRefusedError, read_json_object

T = TypeVar("T")
CACHE_LIFETIME = timedelta(minutes=15)
# A token with an unknown key makes the portal fetch the keys again, at most this often.
KEYS_REFETCH_INTERVAL = timedelta(seconds=30)
TIMEOUT_SECONDS = 4.0
LARGEST_ANSWER = 512 * 1024
OK = 200


@dataclass(frozen=True)
class Metadata:
    """The members of the provider's metadata (OpenID Connect Discovery §3) that the portal uses: URLs."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    # Empty if the provider has no RP-initiated logout.
    end_session_endpoint: str
    # `authorization_response_iss_parameter_supported` (RFC 9207 §3).
    sends_iss: bool


def fetch(url: str, *, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the body of a URL of identity, at most 512 KiB, without following redirects.

    Raises `IdentityUnavailableError`.
    """
    try:
        with requests.get(
            url, headers=dict(headers or {}), timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            if answer.status_code != OK:
                raise IdentityUnavailableError(f"{url} answered {answer.status_code}")
            body = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise IdentityUnavailableError(f"{url}: {type(error).__name__}") from None
    if len(body) > LARGEST_ANSWER:
        raise IdentityUnavailableError(f"{url}: the answer is too large")
    return bytes(body)


def json_object(body: bytes, source: str) -> dict[str, object]:
    """Parse a body as a JSON object; raises `IdentityUnavailableError`. `source` is for the log."""
    try:
        return read_json_object(body)
    except JsonRefusedError as error:
        raise IdentityUnavailableError(f"{source}: {error}") from None


@dataclass(frozen=True)
class _Cached(Generic[T]):
    value: T
    read_at: datetime


class Provider:
    """Identity's metadata and keys, cached for 15 minutes in each process."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock
        self._lock = threading.Lock()
        self._metadata: _Cached[Metadata] | None = None
        self._keys: _Cached[Sequence[Mapping[str, object]]] | None = None

    def metadata(self) -> Metadata:
        """Return the metadata; while identity is away, the older copy. Raises `IdentityUnavailableError`."""
        with self._lock:
            cached = self._metadata
            if cached and self._clock.now() - cached.read_at < CACHE_LIFETIME:
                return cached.value
            try:
                metadata = self._read_metadata()
            except IdentityUnavailableError:
                if cached:
                    return cached.value
                raise
            self._metadata = _Cached(metadata, self._clock.now())
            return metadata

    def keys(self, *, refetch: bool = False) -> Sequence[Mapping[str, object]]:
        """Return the signing keys as JWKs; with `refetch`, from identity, at most every 30 seconds.

        Raises `IdentityUnavailableError`.
        """
        uri = self.metadata().jwks_uri
        with self._lock:
            cached, now = self._keys, self._clock.now()
            if cached and now - cached.read_at < (KEYS_REFETCH_INTERVAL if refetch else CACHE_LIFETIME):
                return cached.value
            listed = json_object(fetch(uri), uri).get("keys")
            if not isinstance(listed, list):
                raise IdentityUnavailableError(f"{uri}: no keys")
            keys = [key for key in listed if isinstance(key, dict)]
            self._keys = _Cached(keys, now)
            return keys

    def expire(self) -> None:
        """Forget the metadata and the keys, as before the first request."""
        self._metadata = self._keys = None

    def _read_metadata(self) -> Metadata:
        url = f"{self._issuer}/.well-known/openid-configuration"
        document = json_object(fetch(url), url)
        if document.get("issuer") != self._issuer:
            raise IdentityUnavailableError(f"{url}: another issuer")
        return Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            end_session_endpoint=self._endpoint(document, "end_session_endpoint", required=False),
            sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, document: Mapping[str, object], name: str, *, required: bool = True) -> str:
        url = document.get(name)
        if url is None and not required:
            return ""
        # With an issuer on https, an endpoint on http would send the client's secret in clear.
        scheme = "https://" if self._issuer.startswith("https://") else "http"
        if not isinstance(url, str) or not url.startswith(scheme):
            raise IdentityUnavailableError(f"metadata: {name}")
        return url
