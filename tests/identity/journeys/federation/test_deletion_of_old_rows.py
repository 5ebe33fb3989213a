"""Rows that are over are deleted by the worker, not while they can still be used."""

from datetime import timedelta

from identity.journeys.federation.attempt_store import Attempts
from identity.journeys.federation.pending_store import FirstSignIns


def test_attempts(traveller, storage, secret_keys, clock):
    traveller.leave("google")
    with storage.autocommit() as connection:
        attempts = Attempts(connection, secret_keys)
        assert attempts.delete_old(clock.now() + timedelta(hours=12), 10) == 0
        assert attempts.delete_old(clock.now() + timedelta(hours=12, minutes=10), 10) == 1


def test_first_sign_ins(traveller, storage, clock):
    traveller.sign_in("facebook", "felix")
    with storage.autocommit() as connection:
        waiting = FirstSignIns(connection)
        assert waiting.delete_old(clock.now() + timedelta(days=7), 10) == 0
        assert waiting.delete_old(clock.now() + timedelta(days=8), 10) == 1
