"""Signing keys: published before they sign, published after, encrypted, replaced when revoked."""

import json
from datetime import timedelta

import pytest
from identity.clock import FixedClock
from identity.secret_keys import DecryptionError, SecretKeys
from identity.signing_keys import rotation
from identity.signing_keys.key_set import CHECKED_EVERY, MAX_AGE, KeySet, NoSigningKeyError
from identity.signing_keys.models import KeyState
from identity.signing_keys.rotation import KeyRotation
from identity.signing_keys.store import AlreadyActiveError, SigningKeys, StoredKey
from identity.storage import Storage

DAY = timedelta(days=1)
CONFIGURED_RSA_BITS = rotation.RSA_BITS


@pytest.fixture(autouse=True)
def _small_rsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make RSA keys that take no time; their size is tested by itself."""
    monkeypatch.setattr(rotation, "RSA_BITS", 2048)


@pytest.fixture
def keys(storage: Storage, secret_keys: SecretKeys, clock: FixedClock) -> KeyRotation:
    return KeyRotation(storage, secret_keys, clock)


@pytest.fixture
def key_set(storage: Storage, secret_keys: SecretKeys, clock: FixedClock) -> KeySet:
    return KeySet(storage, secret_keys, clock)


def stored(storage: Storage, alg: str = "ES256") -> list[StoredKey]:
    with storage.autocommit() as connection:
        return [key for key in SigningKeys(connection).list_keys() if key.alg == alg]


def published(key_set: KeySet) -> set[str]:
    return {key["kid"] for key in json.loads(key_set.published())["keys"]}


def test_rsa_keys_have_3072_bits():
    assert CONFIGURED_RSA_BITS == 3072


def test_missing_keys_are_made_once(keys: KeyRotation, storage: Storage):
    assert len(keys.ensure_active_keys()) == 2
    assert keys.ensure_active_keys() == []
    assert [key.state for key in stored(storage)] == [KeyState.ACTIVE]
    assert [key.state for key in stored(storage, "RS256")] == [KeyState.ACTIVE]


def test_private_parts_are_encrypted(keys: KeyRotation, storage: Storage, secret_keys: SecretKeys):
    keys.ensure_active_keys()
    for key in (*stored(storage), *stored(storage, "RS256")):
        assert '"d"' not in key.private_sealed
        assert "d" not in key.public_jwk
        assert "d" in json.loads(secret_keys.decrypt(key.private_sealed))


def test_an_algorithm_has_one_active_key(keys: KeyRotation, storage: Storage):
    keys.ensure_active_keys()
    [key] = stored(storage)
    twin = StoredKey(**{**vars(key), "kid": "twin"})
    with pytest.raises(AlreadyActiveError), storage.transaction() as tx:
        SigningKeys(tx).add_key(twin)


def test_without_a_key_nothing_is_signed(key_set: KeySet):
    with pytest.raises(NoSigningKeyError):
        key_set.signing_key("ES256")
    assert published(key_set) == set()


def test_a_key_on_demand_is_made_at_its_first_use(keys: KeyRotation, key_set: KeySet, storage: Storage):
    keys.ensure_active_keys()
    keys.publish_next()
    assert stored(storage, "EdDSA") == []
    first = key_set.signing_key("EdDSA")
    assert key_set.signing_key("EdDSA").kid == first.kid
    assert first.kid in published(key_set)
    assert keys.ensure_active_key("EdDSA") is None
    assert [key.state for key in stored(storage, "EdDSA")] == [KeyState.ACTIVE]


def test_it_lives_on_as_the_others(keys: KeyRotation, key_set: KeySet, storage: Storage, clock: FixedClock):
    first = keys.ensure_active_key("EdDSA")
    clock.advance(89 * DAY)
    keys.rotate_due()
    clock.advance(DAY)
    keys.rotate_due()
    second = key_set.signing_key("EdDSA").kid
    assert {first, second} <= published(key_set)
    assert keys.revoke_key(second)
    clock.advance(timedelta(seconds=5))
    assert key_set.signing_key("EdDSA").kid not in (first, second)
    assert second not in published(key_set)


def test_a_successor_is_published_a_day_before_it_signs(
    keys: KeyRotation, key_set: KeySet, storage: Storage, clock: FixedClock
):
    keys.ensure_active_keys()
    [first] = stored(storage)
    clock.advance(88 * DAY)
    keys.rotate_due()
    assert len(stored(storage)) == 1
    clock.advance(DAY)
    keys.rotate_due()
    [_, second] = stored(storage)
    assert second.state is KeyState.NEXT
    assert {first.kid, second.kid} <= published(key_set)
    assert key_set.signing_key("ES256").kid == first.kid
    clock.advance(DAY - timedelta(seconds=1))
    keys.rotate_due()
    assert key_set.signing_key("ES256").kid == first.kid
    clock.advance(timedelta(seconds=6))
    keys.rotate_due()
    clock.advance(timedelta(seconds=5))
    assert key_set.signing_key("ES256").kid == second.kid
    assert {first.kid, second.kid} <= published(key_set)


def test_a_retired_key_is_published_until_its_tokens_are_dead(
    keys: KeyRotation, key_set: KeySet, storage: Storage, clock: FixedClock
):
    keys.ensure_active_keys()
    keys.publish_next()
    clock.advance(DAY)
    keys.rotate_due()
    [second, first] = sorted(stored(storage), key=lambda key: key.state)
    assert (first.state, second.state) == (KeyState.RETIRED, KeyState.ACTIVE)
    assert first.private_sealed == ""
    clock.advance(DAY - timedelta(seconds=1))
    keys.rotate_due()
    assert first.kid in published(key_set)
    clock.advance(timedelta(seconds=6))
    keys.rotate_due()
    clock.advance(timedelta(seconds=5))
    assert first.kid not in published(key_set)
    assert key_set.verifying_key(first.kid) is not None


def test_asking_twice_publishes_one_successor(keys: KeyRotation, storage: Storage):
    keys.ensure_active_keys()
    assert len(keys.publish_next()) == 2
    assert keys.publish_next() == []
    assert len(stored(storage)) == 2


def test_a_revoked_key_is_gone_at_once_and_another_signs(
    keys: KeyRotation, key_set: KeySet, storage: Storage, clock: FixedClock
):
    keys.ensure_active_keys()
    [first] = stored(storage)
    assert key_set.signing_key("ES256").kid == first.kid
    assert keys.revoke_key(first.kid)
    clock.advance(timedelta(seconds=5))
    assert key_set.signing_key("ES256").kid != first.kid
    assert first.kid not in published(key_set)
    assert key_set.verifying_key(first.kid) is None
    assert not keys.revoke_key(first.kid)
    assert not keys.revoke_key("unknown")


def test_a_revocation_puts_a_published_successor_to_work(
    keys: KeyRotation, key_set: KeySet, storage: Storage
):
    keys.ensure_active_keys()
    keys.publish_next()
    [first, second] = sorted(stored(storage), key=lambda key: key.state is KeyState.NEXT)
    keys.revoke_key(first.kid)
    assert key_set.signing_key("ES256").kid == second.kid
    assert len(stored(storage)) == 2


def test_keys_are_looked_at_every_five_seconds_and_parsed_when_they_change(
    keys: KeyRotation, key_set: KeySet, clock: FixedClock
):
    keys.ensure_active_keys()
    before = key_set.signing_key("ES256")
    keys.publish_next()
    assert len(published(key_set)) == 2
    clock.advance(timedelta(seconds=5))
    assert len(published(key_set)) == 4
    again = key_set.signing_key("ES256")
    clock.advance(timedelta(seconds=5))
    assert key_set.signing_key("ES256") is again
    assert before.kid == again.kid


def test_verifiers_forget_the_set_long_before_a_published_key_signs(keys: KeyRotation):
    assert timedelta(seconds=MAX_AGE) + CHECKED_EVERY < rotation.PUBLISHED_BEFORE / 10


def test_a_keyring_that_lost_its_key_opens_nothing(storage: Storage, keys: KeyRotation, clock: FixedClock):
    keys.ensure_active_keys()
    other = KeySet(storage, SecretKeys(["another key of thirty-two characters"]), clock)
    with pytest.raises(DecryptionError):
        other.signing_key("ES256")


def test_two_processes_that_start_at_once_make_one_key(
    keys: KeyRotation, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    keys.ensure_active_keys()
    # The other process looked before this one wrote.
    with monkeypatch.context() as patched:
        patched.setattr(SigningKeys, "list_keys", lambda _self: [])
        assert keys.ensure_active_keys() == []
    assert len(stored(storage)) == 1
