"""The keys as the endpoints use them: parsed once, looked at again every few seconds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from identity.clock import Clock
from identity.secret_keys import SecretKeys
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import ALGORITHMS, ON_DEMAND, KeyRotation
from identity.signing_keys.store import SigningKeys, StoredKey
from identity.storage import Storage

CHECKED_EVERY = timedelta(seconds=5)
# Seconds for which a verifier may keep the published set: far less than a key is published before it signs.
MAX_AGE = 300


class NoSigningKeyError(Exception):
    """No key of that algorithm is active: `identity keys` and `identity doctor` tell more."""


@dataclass(frozen=True)
class ParsedKey:
    """A key ready for use."""

    kid: str
    alg: str
    key: ECKey | RSAKey | OKPKey


@dataclass(frozen=True)
class PublishedKeys:
    """The JWK Set (RFC 7517 §5) as bytes to be served, and its entity tag."""

    body: bytes
    etag: str


@dataclass(frozen=True)
class _Loaded:
    checked_at: datetime
    stands: tuple[tuple[str, str, bool], ...]
    signing: Mapping[str, ParsedKey]
    verifying: Mapping[str, ParsedKey]
    published: PublishedKeys


class KeySet:
    """The current keys. A change in the database is seen within five seconds."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, clock: Clock) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._loaded: _Loaded | None = None

    def signing_key(self, alg: str) -> ParsedKey:
        """Return the active key of the algorithm; raises `NoSigningKeyError`.

        One that few ask for is made when the first of them does.
        """
        key = self._current().signing.get(alg)
        if key is None and alg in ON_DEMAND:
            KeyRotation(self._storage, self._secret_keys, self._clock).provide(alg)
            self._loaded = None
            key = self._current().signing.get(alg)
        if key is None:
            raise NoSigningKeyError(f"there is no active {alg} key")
        return key

    def verifying_key(self, kid: str) -> ParsedKey | None:
        """Return the key with this id unless it was revoked.

        One that is no longer published is returned too: a city's site may hold an old ID token as a hint
        (RP-Initiated Logout §2).
        """
        return self._current().verifying.get(kid)

    def published(self) -> PublishedKeys:
        """Return the JWK Set of the keys that sign, will sign, or signed what may still be alive."""
        return self._current().published

    def expire(self) -> None:
        """Look at the database again at the next use; keys that are unchanged there stay parsed."""
        if self._loaded is not None:
            self._loaded = replace(self._loaded, checked_at=datetime.min.replace(tzinfo=UTC))

    def _current(self) -> _Loaded:
        now = self._clock.now()
        loaded = self._loaded
        if loaded is not None and now - loaded.checked_at < CHECKED_EVERY:
            return loaded
        with self._storage.autocommit() as connection:
            rows = [key for key in SigningKeys(connection).everyone() if key.state is not KeyState.REVOKED]
        stands = tuple((row.kid, row.state, row.is_published) for row in rows)
        if loaded is not None and loaded.stands == stands:
            self._loaded = _Loaded(now, stands, loaded.signing, loaded.verifying, loaded.published)
        else:
            self._loaded = self._parse(rows, stands, now)
        return self._loaded

    def _parse(
        self, rows: Sequence[StoredKey], stands: tuple[tuple[str, str, bool], ...], now: datetime
    ) -> _Loaded:
        signing = {
            row.alg: _parsed(row, json.loads(self._secret_keys.decrypt(row.private_sealed)))
            for row in rows
            if row.state is KeyState.ACTIVE
        }
        verifying = {row.kid: _parsed(row, row.public_jwk) for row in rows}
        # ES256 first: some verifiers take the first key whose type they know.
        public = [dict(row.public_jwk) for row in rows if row.is_published]
        body = json.dumps({"keys": sorted(public, key=lambda jwk: ALGORITHMS.index(jwk["alg"]))}).encode()
        etag = hashlib.sha256(body).hexdigest()[:32]
        return _Loaded(now, stands, signing, verifying, PublishedKeys(body, etag))


def _parsed(row: StoredKey, jwk: Mapping[str, str]) -> ParsedKey:
    key = import_key(dict(jwk))
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise TypeError(f"key {row.kid} is of an unknown type")
    return ParsedKey(row.kid, row.alg, key)
