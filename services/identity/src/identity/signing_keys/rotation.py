"""What happens to signing keys: made, published, put to work, retired, removed; or revoked."""

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
# These get a key when somebody asks for them: some verifiers stumble over a type that they do not know. EdDSA
# is Ed25519, by the name that OpenID clients know (RFC 8037; RFC 9864 has a new one).
ON_DEMAND = ("EdDSA",)
ALGORITHMS = (*ALWAYS, *ON_DEMAND)
RSA_BITS = 3072  # 128 bits of security (NIST SP 800-57 part 1, table 2)

# A key signs for this long (standards: rotate every 90 days).
SIGNS_FOR = timedelta(days=90)
# A key is published this long before it signs; verifiers keep the set for `key_set.MAX_AGE`, much shorter.
PUBLISHED_BEFORE = timedelta(hours=24)
# A key stays published for this long after its last signature; tokens live for minutes.
PUBLISHED_AFTER = timedelta(hours=24)


class KeyRotation:
    """Moves the keys of each algorithm through their states. Every method is one transaction."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, clock: Clock) -> None:
        self._storage, self._secret_keys, self._clock = storage, secret_keys, clock

    def ensure(self) -> list[str]:
        """Make the active keys that always have to be there and are not; returns the new keys' ids."""
        return [kid for alg in ALWAYS if (kid := self.provide(alg))]

    def provide(self, alg: str) -> str | None:
        """Make an active key of the algorithm unless there is one; returns the new key's id."""
        with self._storage.transaction() as tx:
            keys = SigningKeys(tx).everyone()
        return None if _in_state(keys, alg, KeyState.ACTIVE) else self._make_active(alg)

    def turn(self) -> None:
        """Do what is due: publish successors, activate them, remove dead keys. The worker calls it."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.everyone()
            for alg in ALGORITHMS:
                self._turn_one(store, keys, alg, now)
            for key in keys:
                if key.retired_at and key.is_published and key.retired_at + PUBLISHED_AFTER <= now:
                    store.remove(key.kid, now)

    def rotate(self) -> list[str]:
        """Publish the successor of every active key that has none; the worker activates it 24 hours later."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.everyone()
            return [
                self._add(store, alg, KeyState.NEXT, now)
                for alg in ALGORITHMS
                if _in_state(keys, alg, KeyState.ACTIVE) and not _in_state(keys, alg, KeyState.NEXT)
            ]

    def revoke(self, kid: str) -> bool:
        """Withdraw a key at once, replacing it if it was signing; returns whether there was such a key."""
        now = self._clock.now()
        with self._storage.transaction() as tx:
            store = SigningKeys(tx)
            keys = store.everyone()
            revoked = next((k for k in keys if k.kid == kid and k.state != KeyState.REVOKED), None)
            if revoked is None:
                return False
            store.revoke(kid, now)
            if revoked.state == KeyState.ACTIVE:
                successor = _in_state(keys, revoked.alg, KeyState.NEXT)
                if successor:
                    store.activate(successor.kid, now)
                else:
                    self._add(store, revoked.alg, KeyState.ACTIVE, now)
        return True

    def _turn_one(self, store: SigningKeys, keys: Sequence[StoredKey], alg: str, now: datetime) -> None:
        active, successor = _in_state(keys, alg, KeyState.ACTIVE), _in_state(keys, alg, KeyState.NEXT)
        if active is None or active.activated_at is None:
            return
        if successor is None:
            if active.activated_at + SIGNS_FOR - PUBLISHED_BEFORE <= now:
                self._add(store, alg, KeyState.NEXT, now)
        elif successor.created_at + PUBLISHED_BEFORE <= now:
            store.retire(active.kid, now)
            store.activate(successor.kid, now)

    def _make_active(self, alg: str) -> str | None:
        try:
            with self._storage.transaction() as tx:
                return self._add(SigningKeys(tx), alg, KeyState.ACTIVE, self._clock.now())
        except AlreadyActiveError:
            return None

    def _add(self, store: SigningKeys, alg: str, state: KeyState, now: datetime) -> str:
        key = generate(alg)
        kid = identifier()
        store.add(
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


def generate(alg: str) -> ECKey | RSAKey | OKPKey:
    """Make a key pair for the algorithm."""
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(RSA_BITS)


def _in_state(keys: Sequence[StoredKey], alg: str, state: KeyState) -> StoredKey | None:
    return next((key for key in keys if key.alg == alg and key.state is state), None)


def _text(jwk: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in jwk.items()}
