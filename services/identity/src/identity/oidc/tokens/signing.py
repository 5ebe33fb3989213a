"""Signs tokens as this issuer, and verifies tokens that come back."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from joserfc.util import urlsafe_b64decode

from identity.clock import Clock
from identity.json_text import read_jws_header
from identity.oidc.protocol.lifetimes import CLOCK_SKEW
from identity.signing_keys.key_set import KeySet, ParsedKey

# Characters: this issuer's tokens are below 2,000; nothing longer is parsed.
_LONGEST = 8192
# Headers that are remembered as text and as read: there is one for each key and kind of token. Senders may
# try others; they are read again.
_HEADERS = 64
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class TokenRefusedError(Exception):
    """A presented token is not one of this issuer's, not of the expected kind, or expired."""


class _Header(NamedTuple):
    """The header of a token, in the order in which it is written."""

    typ: str
    alg: str
    kid: str


@dataclass(frozen=True)
class VerifiedToken:
    """A token that this issuer signed, expired or not. Claims may hold a resident's personal data."""

    # Its `typ`.
    kind: str
    claims: Mapping[str, object]
    key: ParsedKey


class TokenSigner:
    """Signs and verifies with the keys of `signing_keys`."""

    def __init__(self, key_set: KeySet, clock: Clock, issuer: str) -> None:
        self._key_set, self._clock, self._issuer = key_set, clock, issuer

    def sign(self, claims: Mapping[str, object], alg: str, kind: str) -> str:
        """Return the claims as a JWT whose `typ` is `kind`, signed with the active key of the algorithm."""
        key = self._key_set.signing_key(alg)
        signed = _written_header(_Header(kind, alg, key.kid)) + b"." + _base64url(_to_json(claims).encode())
        return (signed + b"." + _base64url(key.sign(signed))).decode()

    def verify(self, token: str) -> VerifiedToken:
        """Return a token of this issuer's, expired or not; raises `TokenRefusedError`."""
        if len(token) > _LONGEST or not token.isascii():
            raise TokenRefusedError
        signed, _, signature = token.rpartition(".")
        header_text, _, payload = signed.partition(".")
        try:
            header = _read_header(header_text)
            key = self._find_key(header)
            if not key.verify(signed.encode(), urlsafe_b64decode(signature.encode())):
                raise TokenRefusedError
            claims = json.loads(urlsafe_b64decode(payload.encode()))
        except (binascii.Error, ValueError):
            raise TokenRefusedError from None
        self._check(claims)
        return VerifiedToken(header.typ, claims, key)

    def is_current(self, token: VerifiedToken) -> bool:
        """Tell whether the key that verified the token would do so now: it is not revoked."""
        return self._key_set.verifying_key(token.key.kid) is token.key

    def _find_key(self, header: _Header) -> ParsedKey:
        # The algorithm is the key's, never the header's choice (RFC 8725 §3.1).
        key = self._key_set.verifying_key(header.kid)
        if key is None or key.alg != header.alg:
            raise TokenRefusedError
        return key

    def _check(self, claims: object) -> None:
        """Check what every token has; `exp` is for those that read it: an ID token is a hint long after."""
        if not isinstance(claims, dict) or claims.get("iss") != self._issuer:
            raise TokenRefusedError
        latest = seconds(self._clock.now() + CLOCK_SKEW)
        for begins in (claims.get("iat"), claims.get("nbf", 0)):
            # Whole numbers, as this issuer writes them; True is none.
            if type(begins) is not int or begins > latest:
                raise TokenRefusedError


def seconds(moment: datetime) -> int:
    """Return a NumericDate (RFC 7519 §2)."""
    return int(moment.timestamp())


@lru_cache(_HEADERS)
def _written_header(header: _Header) -> bytes:
    return _base64url(_to_json(header._asdict()).encode())


@lru_cache(_HEADERS)
def _read_header(text: str) -> _Header:
    """Return a header that has what ours have and nothing more; raises `TokenRefusedError`, `ValueError`."""
    header = read_jws_header(text)
    if header.keys() != set(_Header._fields) or not all(isinstance(v, str) for v in header.values()):
        raise TokenRefusedError
    return _Header(**{name: str(value) for name, value in header.items()})


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
