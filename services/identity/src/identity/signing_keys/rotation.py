"""The rotation of signing keys: made, published, activated, retired, removed; or revoked."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from joserfc.jwk import ECKey, OKPKey, RSAKey

from identity.clock import Clock
from identity.randomness import identifier
from identity.secret_keys import SecretKeys
from identity.signing_keys.models import KeyState
from identity.signing_keys.store import AlreadyActiveError, SigningKeys, StoredKey
from identity.storage import Storage

ALWAYS = ("ES256", "RS256")
# Their keys are made at the first use, since some verifiers fail on a key type that they do not know.
# EdDSA means Ed25519, under the name that OpenID clients know (RFC 8037; RFC 9864 adds another).
ON_DEMAND = ("EdDSA",)
ALGORITHMS = (*ALWAYS, *ON_DEMAND)
RSA_BITS = 3072  # 128 bits of security (NIST SP 800-57 part 1, table 2)

# How long a key signs.
SIGNS_FOR = timedelta(days=90)
# How long a key is published before it signs. Verifiers cache the JWK Set for `key_set.MAX_AGE`, much less.
PUBLISHED_BEFORE = timedelta(hours=24)
# How long a key stays published after its last signature. Tokens live for minutes.
PUBLISHED_AFTER = timedelta(hours=24)


class KeyRotation:
    """Moves the keys of each algorithm through their states."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, clock: Clock) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock

    def ensure_active_keys(self) -> list[str]:
        """Make an active key for each algorithm of `ALWAYS` without one; return the new keys' ids."""
        return [kid for alg in ALWAYS if (kid := self.ensure_active_key(alg))]

    def ensure_active_key(self, alg: str) -> str | None:
        """Make an active key for the algorithm unless there is one; return the new key's id."""
        with self._storage.transaction() as tx:
            keys = SigningKeys(tx).list_keys()
        return None if _in_state(keys, alg, KeyState.ACTIVE) else self._make_active(alg)

    def rotate_due(self) -> None:
        """Publish and activate successors and remove retired keys where that is due. The worker calls it."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.list_keys()
            for alg in ALGORITHMS:
                self._rotate_algorithm(store, keys, alg, now)
            for key in keys:
                if key.retired_at and key.is_published and key.retired_at + PUBLISHED_AFTER <= now:
                    store.unpublish_key(key.kid, now)

    def publish_next(self) -> list[str]:
        """Publish a successor of each active key without one; `rotate_due` activates it 24 hours later."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.list_keys()
            return [
                self._add_key(store, alg, KeyState.NEXT, now)
                for alg in ALGORITHMS
                if _in_state(keys, alg, KeyState.ACTIVE) and not _in_state(keys, alg, KeyState.NEXT)
            ]

    def revoke_key(self, kid: str) -> bool:
        """Revoke a key at once and replace it if it was active; False if it is unknown or revoked."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.list_keys()
            revoked = next((k for k in keys if k.kid == kid and k.state != KeyState.REVOKED), None)
            if revoked is None:
                return False
            store.revoke_key(kid, now)
            if revoked.state == KeyState.ACTIVE:
                successor = _in_state(keys, revoked.alg, KeyState.NEXT)
                if successor:
                    store.activate_key(successor.kid, now)
                else:
                    self._add_key(store, revoked.alg, KeyState.ACTIVE, now)
        return True

    def _rotate_algorithm(
        self, store: SigningKeys, keys: Sequence[StoredKey], alg: str, now: datetime
    ) -> None:
        active, successor = _in_state(keys, alg, KeyState.ACTIVE), _in_state(keys, alg, KeyState.NEXT)
        if active is None or active.activated_at is None:
            return
        if successor is None:
            if active.activated_at + SIGNS_FOR - PUBLISHED_BEFORE <= now:
                self._add_key(store, alg, KeyState.NEXT, now)
        elif successor.created_at + PUBLISHED_BEFORE <= now:
            store.retire_key(active.kid, now)
            store.activate_key(successor.kid, now)

    def _make_active(self, alg: str) -> str | None:
        try:
            with self._storage.transaction() as tx:
                return self._add_key(SigningKeys(tx), alg, KeyState.ACTIVE, self._clock.now())
        except AlreadyActiveError:
            return None

    def _add_key(self, store: SigningKeys, alg: str, state: KeyState, now: datetime) -> str:
        key = generate_key(alg)
        kid = identifier()
        store.add_key(
            StoredKey(
                kid=kid,
                alg=alg,
                state=state,
                public_jwk={**_text(key.as_dict(private=False)), "kid": kid, "alg": alg, "use": "sig"},
                private_sealed=self._secret_keys.encrypt(json.dumps(key.as_dict(private=True))),
                created_at=now,
                activated_at=now if state is KeyState.ACTIVE else None,
            )
        )
        return kid


def generate_key(alg: str) -> ECKey | RSAKey | OKPKey:
    """Return a new key pair for an algorithm of `ALGORITHMS`."""
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(RSA_BITS)


def _in_state(keys: Sequence[StoredKey], alg: str, state: KeyState) -> StoredKey | None:
    return next((key for key in keys if key.alg == alg and key.state is state), None)


def _text(jwk: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in jwk.items()}
