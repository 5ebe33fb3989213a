"""What identity publishes: its metadata, its keys, and how a city looks. Cached, and checked before use."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests

from portal.clock import Clock
from portal.errors import Reason, Refused

METADATA_KEPT = timedelta(minutes=15)
# A token with an unknown key makes the portal ask for the keys again, but no more often than this.
KEYS_ASKED_AGAIN = timedelta(seconds=30)
TIMEOUT_SECONDS = 4.0
LARGEST_ANSWER = 512 * 1024
OK = 200


@dataclass(frozen=True)
class Metadata:
    """The part of the provider's metadata (OpenID Connect Discovery §3) that the portal uses."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    # Empty where the provider has no RP-initiated logout.
    end_session_endpoint: str
    # RFC 9207: every authorization response names its issuer.
    sends_iss: bool


def fetch(url: str, *, headers: Mapping[str, str] | None = None) -> bytes:
    """Get an address of identity: in time, in bounds, without following redirects."""
    try:
        with requests.get(
            url, headers=dict(headers or {}), timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            if answer.status_code != OK:
                raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{url} answered {answer.status_code}")
            body = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{url}: {type(error).__name__}") from None
    if len(body) > LARGEST_ANSWER:
        raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{url}: the answer is too large")
    return bytes(body)


def json_object(body: bytes, source: str) -> dict[str, Any]:
    """Return the JSON object of a body; raises `Refused` (IDENTITY_UNAVAILABLE) if it is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{source}: not a JSON object")
    return parsed


class Provider:
    """identity's metadata and keys, one copy for each process."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer, self._clock = issuer, clock
        self._lock = threading.Lock()
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, Sequence[Mapping[str, Any]]] | None = None

    def metadata(self) -> Metadata:
        """Return the metadata; an older copy serves while identity cannot be reached."""
        with self._lock:
            kept = self._metadata
            if kept and self._clock.now() - kept[0] < METADATA_KEPT:
                return kept[1]
            try:
                metadata = self._read_metadata()
            except Refused:
                if kept:
                    return kept[1]
                raise
            self._metadata = (self._clock.now(), metadata)
            return metadata

    def keys(self, *, again: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the signing keys as JWKs; with `again`, ask for them anew unless that was just done."""
        uri = self.metadata().jwks_uri
        with self._lock:
            kept, now = self._keys, self._clock.now()
            if kept and now - kept[0] < (KEYS_ASKED_AGAIN if again else METADATA_KEPT):
                return kept[1]
            listed = json_object(fetch(uri), uri).get("keys")
            if not isinstance(listed, list):
                raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{uri}: no keys")
            keys = [key for key in listed if isinstance(key, dict)]
            self._keys = (now, keys)
            return keys

    def _read_metadata(self) -> Metadata:
        url = f"{self._issuer}/.well-known/openid-configuration"
        document = json_object(fetch(url), url)
        if document.get("issuer") != self._issuer:
            raise Refused(Reason.IDENTITY_UNAVAILABLE, f"{url}: another issuer")
        return Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            end_session_endpoint=self._endpoint(document, "end_session_endpoint", required=False),
            sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, document: Mapping[str, Any], name: str, *, required: bool = True) -> str:
        address = document.get(name)
        if address is None and not required:
            return ""
        # An issuer on https has no business sending the client's secret over http.
        scheme = "https://" if self._issuer.startswith("https://") else "http"
        if not isinstance(address, str) or not address.startswith(scheme):
            raise Refused(Reason.IDENTITY_UNAVAILABLE, f"metadata: {name}")
        return address
