"""What an older secret key holds is moved to the newest, or counted."""

import json
from datetime import timedelta

import pytest
from identity.cli.older_keys import Held, held_by_older, move_to_newest
from identity.clock import FixedClock
from identity.outbox.store import Outbox, Outgoing
from identity.residents.lockout.store import Lockout
from identity.secret_keys import SecretKeys
from identity.security_events.store import PolledEvents, Receivers, StoredReceiver
from identity.signing_keys.models import KeyState
from identity.signing_keys.store import SigningKeys, StoredKey

OLD, NEW = (f"{name}{'-' * 32}" for name in ("old", "new"))
BOTH = SecretKeys([NEW, OLD])


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def made_before(storage, connection, now):
    """Leave a row of each kind that the old key made."""
    old = SecretKeys([OLD])
    SigningKeys(connection).add_key(
        StoredKey("kid", "ES256", KeyState.ACTIVE, {}, old.encrypt("private"), now, activated_at=now)
    )
    receiver = StoredReceiver(
        "urn:x", "https://x.example", old.encrypt("Bearer x"), None, (), is_disabled=False
    )
    Receivers(connection).put(receiver, now)
    with storage.transaction() as tx:
        PolledEvents(tx).append("urn:x", [("one", old.encrypt("{}"))], now)
    Outbox(connection, old, FixedClock(now)).queue("mail", [Outgoing("example.com", "{}")])
    Lockout(connection, old).count_attempt("jane@example.com", "network:192.0.2.0/24", now)


def test_what_lasts_is_moved_and_the_rest_is_counted(connection, made_before, now):
    assert {each.what: each.rows for each in held_by_older(connection, BOTH)} == {
        "private signing keys": 1,
        "authorizations of event receivers": 1,
        "messages that wait": 1,
        "events to be polled": 1,
        "counts of failed sign-ins": 2,
    }
    assert move_to_newest(connection, BOTH) == 2
    assert move_to_newest(connection, BOTH) == 0
    left = held_by_older(connection, BOTH)
    assert [each.what for each in left] == [
        "messages that wait",
        "events to be polled",
        "counts of failed sign-ins",
    ]
    assert left[-1].end <= now + timedelta(days=1)
    new = SecretKeys([NEW])
    (key,) = SigningKeys(connection).list_keys()
    assert new.decrypt(key.private_sealed) == "private"
    assert new.decrypt(Receivers(connection).get("urn:x").push_authorization) == "Bearer x"


def test_one_key_moves_nothing(connection, made_before):
    assert move_to_newest(connection, SecretKeys([NEW])) == 0
    assert move_to_newest(connection, SecretKeys([OLD])) == 0


def test_what_the_newest_key_made_is_not_counted(connection, now):
    Outbox(connection, BOTH, FixedClock(now)).queue("mail", [Outgoing("example.com", json.dumps({}))])
    Lockout(connection, BOTH).count_attempt("jane@example.com", "network:192.0.2.0/24", now)
    assert held_by_older(connection, BOTH) == list[Held]()
