"""Identity's public keys (JWKS): found by discovery, cached as long as it says, longer while it is down."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from billing_link.errors import UnavailableError
from billing_link.json_text import read_json_object

# Seconds to connect, and between two bytes of a response.
_TIMEOUTS = (2, 3)
# Bytes of a response; identity's have about 2,000.
_LARGEST_RESPONSE = 65_536
_MOST_KEYS = 32
# Bits.
_SMALLEST_RSA = 2048
# Seconds for which keys are fresh: `max-age` of identity's Cache-Control within these bounds, or the default.
_SHORTEST_LIFE, _DEFAULT_LIFE, _LONGEST_LIFE = 60, 300, 3600
# Seconds between two requests, with and without keys in the cache: unknown key ids, or an identity that is
# down, must not cause a flood of requests.
_REQUEST_INTERVAL, _REQUEST_INTERVAL_WITHOUT_KEYS = 10, 1
# Seconds that a call with an unknown key id waits while another thread fetches the keys.
_LONGEST_WAIT = 3
# Seconds for which keys that are no longer fresh are used while identity does not respond.
_STALE_LIFE = 3600

_KEY_TYPES = {"ES256": "EC", "RS256": "RSA"}


@dataclass(frozen=True, slots=True)
class _Keys:
    by_id: Mapping[str, ECKey | RSAKey]
    fetched_at: float
    life: float


class IssuerKeys:
    """The public keys of one issuer. Safe to use from many threads."""

    def __init__(self, issuer: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Fetch nothing yet. `seconds` is a monotonic clock."""
        self.issuer = issuer
        self._seconds = seconds
        self._keys: _Keys | None = None
        self._tried_at: float | None = None
        self._fetching = threading.Lock()

    def find_key(self, kid: str, algorithm: str) -> ECKey | RSAKey | None:
        """Return the key with this id if it fits the algorithm; None if there is no such key.

        Raises `UnavailableError` while there are no keys in the cache.
        """
        keys = self._keys
        if keys is None or self._age(keys) > keys.life or kid not in keys.by_id:
            keys = self._refresh(wanted=kid)
        if keys is None or self._age(keys) > keys.life + _STALE_LIFE:
            raise UnavailableError("identity's keys cannot be fetched")
        key = keys.by_id.get(kid)
        if key is None or key.key_type != _KEY_TYPES[algorithm] or key.get("alg", algorithm) != algorithm:
            return None
        return key

    def _age(self, keys: _Keys) -> float:
        return self._seconds() - keys.fetched_at

    def _refresh(self, wanted: str) -> _Keys | None:
        """Fetch the keys if it is time. One thread fetches; threads whose key is in the cache do not wait."""
        keys = self._keys
        have_some = keys is not None and wanted in keys.by_id
        if not self._fetching.acquire(timeout=0 if have_some else _LONGEST_WAIT):
            return keys
        try:
            if self._keys is not keys:
                return self._keys
            interval = _REQUEST_INTERVAL if keys else _REQUEST_INTERVAL_WITHOUT_KEYS
            if self._tried_at is not None and self._seconds() - self._tried_at < interval:
                return self._keys
            self._tried_at = self._seconds()
            self._keys = self._fetch()
        except (requests.RequestException, ValueError, JoseError, KeyError, TypeError):
            # The cached keys stay in use until they are too old.
            return self._keys
        finally:
            self._fetching.release()
        return self._keys

    def _fetch(self) -> _Keys:
        with requests.Session() as session:
            # No proxy and no .netrc of the environment: both ends are our own.
            session.trust_env = False
            metadata, _ = _get_json(session, f"{self.issuer}/.well-known/openid-configuration")
            if metadata["issuer"] != self.issuer:
                raise ValueError("the metadata names another issuer")
            address = str(metadata["jwks_uri"])
            if _origin(address) != _origin(self.issuer):
                raise ValueError("the keys are at another origin")
            document, life = _get_json(session, address)
        found = [_import(entry) for entry in document["keys"][:_MOST_KEYS]]
        by_id = {str(key.kid): key for key in found if key is not None}
        if not by_id:
            raise ValueError("there is no usable key")
        return _Keys(by_id, self._seconds(), life)


def _get_json(session: requests.Session, address: str) -> tuple[dict[str, Any], float]:
    """Return a JSON object of bounded size, and the seconds for which it is fresh."""
    with session.get(address, timeout=_TIMEOUTS, allow_redirects=False, stream=True) as response:
        if response.status_code != requests.codes.ok:
            raise ValueError(f"identity answered {response.status_code}")
        body = response.raw.read(_LARGEST_RESPONSE + 1, decode_content=True)
        if len(body) > _LARGEST_RESPONSE:
            raise ValueError("the response is too large")
        document: dict[str, Any] = read_json_object(body)
        return document, _life(response.headers.get("Cache-Control", ""))


def _life(cache_control: str) -> float:
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name == "max-age" and value.isdecimal():
            return min(max(int(value), _SHORTEST_LIFE), _LONGEST_LIFE)
    return _DEFAULT_LIFE


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
