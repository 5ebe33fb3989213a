"""Checks an access token: RFC 9068 with the advice of RFC 8725. What is not allowed is refused."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing_link.clock import Clock
from billing_link.errors import Refusal, RefusedError
from billing_link.tokens.caller import Caller
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.revocations import RevokedSessions
from billing_link.tokens.signatures import BadSignatureError, verify_signature

# Characters; identity's tokens have about 1,100.
_LONGEST_TOKEN = 8192
# RFC 9068 section 4: the type with or without its `application/`.
_TYPES = ("at+jwt", "application/at+jwt")
_LONGEST_TEXT = 255
_SKEW = timedelta(seconds=60)


class Verifier:
    """Turns a token into a `Caller`, and remembers verified tokens by their hash until they expire."""

    def __init__(  # noqa: PLR0913 - names what it depends on
        self,
        keys: IssuerKeys,
        revoked: RevokedSessions,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        remembered: int = 10_000,
    ) -> None:
        self._revoked = revoked
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified = _VerifiedTokens(remembered)

    def verify(self, token: str) -> Caller:
        """Return the caller.

        Raises `RefusedError` (TOKEN_INVALID, TOKEN_EXPIRED), and `UnavailableError` while identity's keys
        cannot be had.
        """
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise _invalid("size")
        digest = hashlib.sha256(token.encode()).digest()
        caller = self._verified.get(digest)
        if caller is None:
            caller = self._read(token)
            self._verified.put(digest, caller)
        if self._clock.now() >= caller.expires_at + _SKEW:
            raise RefusedError(Refusal.TOKEN_EXPIRED)
        if self._revoked.ended_after(caller.session_id, caller.issued_at):
            raise _invalid("sid: the session has ended")
        return caller

    def _read(self, token: str) -> Caller:
        header, payload = self._open(token)
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise _invalid("typ")
        try:
            claims = json.loads(payload)
        except (ValueError, RecursionError):
            raise _invalid("payload") from None
        if not isinstance(claims, dict):
            raise _invalid("payload")
        return self._caller(_Claims(claims))

    def _open(self, token: str) -> tuple[Mapping[str, Any], bytes]:
        """Return the header and the payload of a token whose signature holds."""
        try:
            return verify_signature(token, self._keys)
        except BadSignatureError as error:
            raise _invalid(str(error)) from None

    def _caller(self, claims: "_Claims") -> Caller:
        if claims.text("iss") != self._issuer:
            raise _invalid("iss")
        if self._audience not in claims.texts("aud"):
            raise _invalid("aud")
        now = self._clock.now()
        if claims.moment("iat") > now + _SKEW or ("nbf" in claims and claims.moment("nbf") > now + _SKEW):
            raise _invalid("iat")
        claims.text("jti")
        if claims.text("sub") == claims.text("client_id"):
            # A client that speaks for itself (RFC 9068 §2.2): no resident of ours.
            raise _invalid("sub")
        if "cnf" in claims:
            # Bound to a key (RFC 7800) that a caller of this service cannot prove: no bearer token.
            raise _invalid("cnf")
        return Caller(
            issuer=self._issuer,
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
    """Claims, read with their types checked."""

    _values: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        if not (value := self.optional_text(name)):
            raise _invalid(name)
        return value

    def optional_text(self, name: str, *, longest: int = _LONGEST_TEXT) -> str:
        """Return a text, empty where the claim is absent."""
        value = self._values.get(name, "")
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise _invalid(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a claim that holds one text or a list of them."""
        value = self._values.get(name)
        values = value if isinstance(value, list) else [value]
        texts = [one for one in values if isinstance(one, str)]
        if len(texts) != len(values):
            raise _invalid(name)
        return texts

    def moment(self, name: str) -> datetime:
        """Return a time that must be there, to the second."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(name)
        try:
            return datetime.fromtimestamp(int(value), UTC)
        except (OverflowError, ValueError, OSError):
            raise _invalid(name) from None

    def is_true(self, name: str) -> bool:
        """Tell whether the claim is the JSON value true."""
        return self._values.get(name) is True


class _VerifiedTokens:
    """A bounded memory: when it is full, the token unused for longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
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
            if len(self._callers) > self._most:
                self._callers.popitem(last=False)


def _invalid(part: str) -> RefusedError:
    """Return the one refusal for all defects; which part was at fault stays in this process, for the log."""
    error = RefusedError(Refusal.TOKEN_INVALID)
    error.add_note(f"at fault: {part}")
    return error
