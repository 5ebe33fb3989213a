"""Identity's public keys: found by discovery, kept as long as it says, and for a while when it is down."""

import json
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

# Seconds to connect, and between two bytes of an answer.
_TIMEOUTS = (2, 3)
# Bytes of an answer; identity's have about 2,000.
_LARGEST_ANSWER = 65_536
_MOST_KEYS = 32
# Bits.
_SMALLEST_RSA = 2048
# Seconds for which keys are fresh: what identity says, within these bounds.
_SHORTEST_LIFE, _USUAL_LIFE, _LONGEST_LIFE = 60, 300, 3600
# Seconds between two requests, so that unknown key ids or an identity that is down cannot cause a flood of
# them: while there are keys, and while there are none.
_FLOOR, _FLOOR_WITHOUT_KEYS = 10, 1
# Seconds that a caller whose key is unknown waits for another's request to end.
_PATIENCE = 3
# Seconds for which keys that are no longer fresh are used while identity does not answer.
_STALE_LIFE = 3600

_KEY_TYPES = {"ES256": "EC", "RS256": "RSA"}


@dataclass(frozen=True, slots=True)
class _Keys:
    by_id: Mapping[str, ECKey | RSAKey]
    fetched_at: float
    life: float


class IssuerKeys:
    """The keys with which one issuer signs. Safe to use from many threads."""

    def __init__(self, issuer: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Nothing is fetched yet. `seconds` is a clock that never goes back."""
        self._issuer = issuer
        self._seconds = seconds
        self._keys: _Keys | None = None
        self._tried_at: float | None = None
        self._fetching = threading.Lock()

    def find_key(self, kid: str, algorithm: str) -> ECKey | RSAKey | None:
        """Return the key with this id if it is one for this algorithm.

        Raises `UnavailableError` while there are no keys to look among.
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
        """Fetch the keys if it is time; one thread does it, and those that have the key do not wait."""
        keys = self._keys
        have_some = keys is not None and wanted in keys.by_id
        if not self._fetching.acquire(timeout=0 if have_some else _PATIENCE):
            return keys
        try:
            if self._keys is not keys:
                return self._keys
            floor = _FLOOR if keys else _FLOOR_WITHOUT_KEYS
            if self._tried_at is not None and self._seconds() - self._tried_at < floor:
                return self._keys
            self._tried_at = self._seconds()
            self._keys = self._fetch()
        except (requests.RequestException, ValueError, JoseError, KeyError, TypeError):
            # The keys there are go on being used until they are too old.
            return self._keys
        finally:
            self._fetching.release()
        return self._keys

    def _fetch(self) -> _Keys:
        with requests.Session() as session:
            # Nothing of the environment: a proxy or a .netrc has no place between two of our services.
            session.trust_env = False
            metadata, _ = _get_json(session, f"{self._issuer}/.well-known/openid-configuration")
            if metadata["issuer"] != self._issuer:
                raise ValueError("the metadata is another issuer's")
            address = str(metadata["jwks_uri"])
            if _origin(address) != _origin(self._issuer):
                raise ValueError("the keys are at another origin")
            document, life = _get_json(session, address)
        found = [_import(entry) for entry in document["keys"][:_MOST_KEYS]]
        by_id = {str(key.kid): key for key in found if key is not None}
        if not by_id:
            raise ValueError("there is no usable key")
        return _Keys(by_id, self._seconds(), life)


def _get_json(session: requests.Session, address: str) -> tuple[dict[str, Any], float]:
    """Return a JSON object of bounded size, and for how many seconds it stays fresh."""
    with session.get(address, timeout=_TIMEOUTS, allow_redirects=False, stream=True) as response:
        if response.status_code != requests.codes.ok:
            raise ValueError(f"identity answered {response.status_code}")
        body = response.raw.read(_LARGEST_ANSWER + 1, decode_content=True)
        if len(body) > _LARGEST_ANSWER:
            raise ValueError("the answer is too large")
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 - one kind of failure for a bad answer
        return document, _life(response.headers.get("Cache-Control", ""))


def _life(cache_control: str) -> float:
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name == "max-age" and value.isdecimal():
            return min(max(int(value), _SHORTEST_LIFE), _LONGEST_LIFE)
    return _USUAL_LIFE


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _import(entry: Any) -> ECKey | RSAKey | None:  # noqa: ANN401 - a value of somebody else's JSON
    """Return a signature key of a kind we take, or None for any other."""
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("kid"), str)
        or entry.get("use", "sig") != "sig"
    ):
        return None
    try:
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            return ECKey.import_key(entry)
        # Six bits of the modulus a character: a weaker key is not even read.
        if entry.get("kty") == "RSA" and len(entry.get("n", "")) * 6 >= _SMALLEST_RSA:
            return RSAKey.import_key(entry)
    except (JoseError, ValueError, TypeError):
        return None
    return None
