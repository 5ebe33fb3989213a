"""The keys of a simulated provider, their rotation, and tokens with right or wrong signatures."""

import base64
import hmac
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from joserfc import jws
from joserfc.jwk import RSAKey

from .behaviour import Behaviour, override

# Key sizes of the real ones.
_BITS = 2048


class SimulatedKeys:
    """Two published keys, of which one signs, as most providers have."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._current, self._next, self._foreign = (_new_key() for _ in range(3))
        # The key after the next one is made ahead: making it takes longer than identity waits for an answer.
        self._maker = ThreadPoolExecutor(1)
        self._spare = self._maker.submit(_new_key)

    def published(self, extra: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the key set, with `extra` in each key."""
        self._rotate_if_requested()
        values = {**(extra or {}), **self._behaviour.key_values}
        return {"keys": [{**key.as_dict(private=False), **values} for key in (self._current, self._next)]}

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Return the claims in a signed token, both changed as the behaviour says."""
        self._rotate_if_requested()
        return self._signed(override(claims, self._behaviour.claims), header or {})

    def _signed(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        kid = self._current.kid
        match self._behaviour.signing:
            case "foreign_key":
                return _encode({"kid": kid, **header}, claims, self._foreign)
            case "unknown_key":
                return _encode({"kid": self._foreign.kid, **header}, claims, self._foreign)
            case "no_key_id":
                return _encode(header, claims, self._current)
            case "none":
                return f"{_unsigned({'alg': 'none', 'kid': kid, **header}, claims)}."
            case "hs256":
                # The public key taken for a shared secret (RFC 8725 2.1).
                unsigned = _unsigned({"alg": "HS256", "kid": kid, **header}, claims)
                secret = self._current.as_pem(private=False)
                return f"{unsigned}.{_base64url(hmac.digest(secret, unsigned.encode(), 'sha256'))}"
            case _:
                return _encode({"kid": kid, **header}, claims, self._current)

    def _rotate_if_requested(self) -> None:
        if self._behaviour.rotate_keys:
            self._behaviour.rotate_keys = False
            self._current, self._next = self._next, self._spare.result()
            self._spare = self._maker.submit(_new_key)


def times(seconds: int = 3600) -> dict[str, int]:
    """Return `iat` and `exp`."""
    now = int(time.time())
    return {"iat": now, "exp": now + seconds}


def _new_key() -> RSAKey:
    return RSAKey.generate_key(_BITS, {"kid": secrets.token_hex(20), "use": "sig", "alg": "RS256"})


def _encode(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    full = {"alg": "RS256", "typ": "JWT", **header}
    return jws.serialize_compact(full, json.dumps(claims), key, algorithms=["RS256"])


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return the first two parts of a token; the library refuses these algorithms."""
    return ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
