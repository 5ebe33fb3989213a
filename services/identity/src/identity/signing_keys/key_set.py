"""The keys as the endpoints use them: parsed once, compared with the database every five seconds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from identity.clock import Clock
from identity.secret_keys import SecretKeys
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import ALGORITHMS, ON_DEMAND, KeyRotation
from identity.signing_keys.signatures import Sign, Verify, signing_with, verifying_with
from identity.signing_keys.store import SigningKeys, StoredKey
from identity.storage import Storage

CHECKED_EVERY = timedelta(seconds=5)
# Seconds for which a verifier may cache the JWK Set: much less than `PUBLISHED_BEFORE`.
MAX_AGE = 300


class NoSigningKeyError(Exception):
    """No key of the algorithm is active; `identity keys list` and `identity doctor` show more."""


@dataclass(frozen=True)
class ParsedKey:
    """A key pair for signing, or a public key for verifying."""

    kid: str
    alg: str
    key: ECKey | RSAKey | OKPKey

    @cached_property
    def sign(self) -> Sign:
        """The function that signs with the key pair."""
        return signing_with(self.key)

    @cached_property
    def verify(self) -> Verify:
        """The function that checks signatures with the key."""
        return verifying_with(self.key)


@dataclass(frozen=True)
class _Loaded:
    checked_at: datetime
    row_states: tuple[tuple[str, str, bool], ...]
    signing: Mapping[str, ParsedKey]
    verifying: Mapping[str, ParsedKey]
    # The JWK Set (RFC 7517 §5), as a response body.
    published: bytes


class KeySet:
    """The current keys. A change in the database is seen within five seconds."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, clock: Clock) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock
        self._loaded: _Loaded | None = None

    def signing_key(self, alg: str) -> ParsedKey:
        """Return the active key of the algorithm; raises `NoSigningKeyError`.

        A key of `ON_DEMAND` is made at its first use.
        """
        key = self._current().signing.get(alg)
        if key is None and alg in ON_DEMAND:
            KeyRotation(self._storage, self._secret_keys, self._clock).ensure_active_key(alg)
            self._loaded = None
            key = self._current().signing.get(alg)
        if key is None:
            raise NoSigningKeyError(f"there is no active {alg} key")
        return key

    def verifying_key(self, kid: str) -> ParsedKey | None:
        """Return the key with this id; None if it is unknown or revoked.

        Keys that are no longer published verify too: a client may send an old ID token as a hint
        (RP-Initiated Logout §2).
        """
        return self._current().verifying.get(kid)

    def published(self) -> bytes:
        """Return the JWK Set of the next, the active and the retired keys that are not removed.

        The same object as long as no key changes.
        """
        return self._current().published

    def expire(self) -> None:
        """Read the database at the next use; keys that are unchanged there stay parsed."""
        if self._loaded is not None:
            self._loaded = replace(self._loaded, checked_at=datetime.min.replace(tzinfo=UTC))

    def _current(self) -> _Loaded:
        now = self._clock.now()
        loaded = self._loaded
        if loaded is not None and now - loaded.checked_at < CHECKED_EVERY:
            return loaded
        with self._storage.autocommit() as connection:
            rows = [key for key in SigningKeys(connection).list_keys() if key.state is not KeyState.REVOKED]
        row_states = tuple((row.kid, row.state, row.is_published) for row in rows)
        if loaded is not None and loaded.row_states == row_states:
            self._loaded = _Loaded(now, row_states, loaded.signing, loaded.verifying, loaded.published)
        else:
            self._loaded = self._parse(rows, row_states, now)
        return self._loaded

    def _parse(
        self, rows: Sequence[StoredKey], row_states: tuple[tuple[str, str, bool], ...], now: datetime
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
        return _Loaded(now, row_states, signing, verifying, body)


def _parsed(row: StoredKey, jwk: Mapping[str, str]) -> ParsedKey:
    key = import_key(dict(jwk))
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise TypeError(f"key {row.kid} is of an unknown type")
    return ParsedKey(row.kid, row.alg, key)
