"""Verifies an access token: RFC 9068, with the advice of RFC 8725. What is not allowed is refused."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from billing_link.clock import Clock
from billing_link.errors import Refusal, Refused
from billing_link.json_text import JsonRefusedError, read_json_object
from billing_link.tokens.caller import Caller
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.revocations import RevokedSessions
from billing_link.tokens.signatures import InvalidJws, verify_jws

# Characters; identity's tokens have about 1,100.
_LONGEST_TOKEN = 8192
# RFC 9068 §4: the type with or without its `application/`.
_TYPES = ("at+jwt", "application/at+jwt")
_LONGEST_TEXT = 255
_SKEW = timedelta(seconds=60)


class _InvalidTokenError(Exception):
    """A rule that the token breaks; the text names the claim or part. One refusal answers them all."""


class Verifier:
    """Turns an access token into a `Caller`. Verified tokens are cached by their hash until they expire."""

    def __init__(
        self,
        keys: IssuerKeys,
        revoked: RevokedSessions,
        *,
        audience: str,
        clock: Clock,
        cache_size: int = 10_000,
    ) -> None:
        """`cache_size` is a number of tokens."""
        self._revoked = revoked
        self._keys = keys
        self._audience = audience
        self._clock = clock
        self._cache = _CallerCache(cache_size)

    def verify(self, token: str) -> Caller | Refused:
        """Return the caller, or the refusal TOKEN_INVALID or TOKEN_EXPIRED.

        Raises `UnavailableError` while identity's keys are not available.
        """
        try:
            caller = self._verified(token)
        except _InvalidTokenError:
            return Refused(Refusal.TOKEN_INVALID)
        if self._clock.now() >= caller.expires_at + _SKEW:
            return Refused(Refusal.TOKEN_EXPIRED)
        if self._revoked.ended_after(caller.session_id, caller.issued_at):
            return Refused(Refusal.TOKEN_INVALID)
        return caller

    def _verified(self, token: str) -> Caller:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise _InvalidTokenError("size")
        digest = hashlib.sha256(token.encode()).digest()
        caller = self._cache.get(digest)
        if caller is None:
            caller = self._read(token)
            self._cache.put(digest, caller)
        return caller

    def _read(self, token: str) -> Caller:
        verified = verify_jws(token, self._keys)
        if isinstance(verified, InvalidJws):
            raise _InvalidTokenError(verified.part)
        if not verified.has_type(*_TYPES):
            raise _InvalidTokenError("typ")
        try:
            claims = read_json_object(verified.payload)
        except JsonRefusedError:
            raise _InvalidTokenError("payload") from None
        return self._caller(_Claims(claims))

    def _caller(self, claims: "_Claims") -> Caller:
        if claims.text("iss") != self._keys.issuer:
            raise _InvalidTokenError("iss")
        if self._audience not in claims.texts("aud"):
            raise _InvalidTokenError("aud")
        now = self._clock.now()
        if claims.moment("iat") > now + _SKEW or ("nbf" in claims and claims.moment("nbf") > now + _SKEW):
            raise _InvalidTokenError("iat")
        claims.text("jti")
        if claims.text("sub") == claims.text("client_id"):
            # A client's own token (RFC 9068 §2.2): it names no resident.
            raise _InvalidTokenError("sub")
        if "cnf" in claims:
            # Bound to a key (RFC 7800), which a caller of this service cannot prove: not a bearer token.
            raise _InvalidTokenError("cnf")
        return Caller(
            issuer=self._keys.issuer,
            subject=claims.text("sub"),
            city_id=claims.optional_text("city"),
            client_id=claims.text("client_id"),
            session_id=claims.optional_text("sid"),
            scopes=frozenset(claims.optional_text("scope", longest=2000).split()),
            issued_at=claims.moment("iat"),
            expires_at=claims.moment("exp"),
            # Only the JSON value true counts: a text "false" would be true in Python.
            verified_email=claims.optional_text("email") if claims.is_true("email_verified") else "",
            given_name=claims.optional_text("given_name"),
            family_name=claims.optional_text("family_name"),
        )


@dataclass(frozen=True, slots=True)
class _Claims:
    """Claims, read with their types checked. Every method raises `_InvalidTokenError`."""

    _values: Mapping[str, object]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Return a claim that must be a text, not empty."""
        if not (value := self.optional_text(name)):
            raise _InvalidTokenError(name)
        return value

    def optional_text(self, name: str, *, longest: int = _LONGEST_TEXT) -> str:
        """Return a claim that must be a text; empty where it is absent."""
        value = self._values.get(name, "")
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise _InvalidTokenError(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a claim that holds one text or a list of them."""
        value = self._values.get(name)
        values = value if isinstance(value, list) else [value]
        texts = [one for one in values if isinstance(one, str)]
        if len(texts) != len(values):
            raise _InvalidTokenError(name)
        return texts

    def moment(self, name: str) -> datetime:
        """Return a claim that must be a time, to the second."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _InvalidTokenError(name)
        try:
            return datetime.fromtimestamp(int(value), UTC)
        except (OverflowError, ValueError, OSError):
            raise _InvalidTokenError(name) from None

    def is_true(self, name: str) -> bool:
        """Tell whether the claim is the JSON value true; the text "true" is not."""
        return self._values.get(name) is True


class _CallerCache:
    """Callers by the hash of their token. When it is full, the least recently used one is dropped."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._callers: OrderedDict[bytes, Caller] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> Caller | None:
        with self._lock:
            caller = self._callers.get(digest)
            if caller:
                self._callers.move_to_end(digest)
            return caller

    def put(self, digest: bytes, caller: Caller) -> None:
        with self._lock:
            self._callers[digest] = caller
            if len(self._callers) > self._size:
                self._callers.popitem(last=False)
