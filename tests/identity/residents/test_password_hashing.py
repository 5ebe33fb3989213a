import hashlib
import threading
import time
from base64 import b64encode

import argon2
import pytest
from identity.errors import Reason, Refused
from identity.residents.passwords import hashing
from identity.residents.passwords.hashing import PasswordHasher

PASSWORD = "seven brown pelicans asleep"


@pytest.mark.parametrize("profile", ["argon2id", "pbkdf2", "cheap"])
def test_a_hash_is_of_its_password_and_of_no_other(profile):
    hasher = PasswordHasher(profile)
    stored = hasher.hash(PASSWORD)
    assert len(stored) <= 255
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, PASSWORD + ".")
    assert not hasher.verify(stored, "")
    assert not hasher.needs_rehash(stored)
    assert stored != hasher.hash(PASSWORD)


def test_the_profiles_cost_what_owasp_says():
    assert PasswordHasher("argon2id").hash(PASSWORD).startswith("$argon2id$v=19$m=19457,t=2,p=1$")
    assert PasswordHasher("pbkdf2").hash(PASSWORD).startswith("$pbkdf2-sha256$i=600001$")


@pytest.mark.parametrize("old", ["argon2id", "pbkdf2", "cheap"])
@pytest.mark.parametrize("current", ["argon2id", "pbkdf2", "cheap"])
def test_every_known_format_verifies_and_is_replaced_when_not_current(old, current):
    stored = PasswordHasher(old).hash(PASSWORD)
    hasher = PasswordHasher(current)
    assert hasher.verify(stored, PASSWORD)
    assert hasher.needs_rehash(stored) is (old != current)


def test_a_letter_is_the_same_however_it_was_typed(hasher):
    assert hasher.verify(hasher.hash("pelícanos que duermen"), "peli\u0301canos que duermen")


@pytest.mark.parametrize(
    "typed", [" It\u2019s a \u201cblue\u201d heron \u2014 asleep\u00a0", 'It\'s a "blue" heron -- asleep']
)
def test_what_a_phone_or_the_clipboard_adds_is_forgiven(hasher, typed):
    assert hasher.verify(hasher.hash('It\'s a "blue" heron - asleep'), typed)
    assert hasher.verify(hasher.hash(typed), 'It\'s a "blue" heron - asleep')
    assert not hasher.verify(hasher.hash(typed), 'it\'s a "blue" heron - asleep')


BEFORE = "\N{LEFT DOUBLE QUOTATION MARK}seven pelicans\N{RIGHT DOUBLE QUOTATION MARK} "


def argon2id_before(password):
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def pbkdf2_before(password):
    derived = hashlib.pbkdf2_hmac("sha256", password.encode(), b"0123456789abcdef", 1000)
    salt, derived = (b64encode(value).decode().rstrip("=") for value in (b"0123456789abcdef", derived))
    return f"$pbkdf2-sha256$i=1000${salt}${derived}"


@pytest.mark.parametrize("made_by", [argon2id_before, pbkdf2_before])
def test_a_hash_of_nfkc_alone_opens_for_what_it_was_made_of_and_is_replaced(hasher, made_by):
    stored = made_by(BEFORE)
    assert hasher.verify(stored, BEFORE)
    assert not hasher.verify(stored, BEFORE.strip())
    assert hasher.needs_rehash(stored)
    assert hasher.verify(hasher.hash(BEFORE), BEFORE.strip())


@pytest.mark.parametrize(
    "stored",
    [None, argon2id_before(BEFORE), PasswordHasher("cheap").hash(BEFORE)],
    ids=["no resident", "made before", "made now"],
)
@pytest.mark.parametrize("typed", [BEFORE, "wrong password", "\N{EM DASH} wrong "])
def test_each_comparison_is_one_hash(hasher, stored, typed, monkeypatch):
    compared = []
    # Private: the comparison itself.
    monkeypatch.setattr(hashing, "_matches", lambda *arguments: compared.append(arguments))
    hasher.verify(stored, typed)
    assert len(compared) == 1


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "!",
        "plain text",
        "$2b$12$" + "a" * 53,
        "$argon2id$broken",
        "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA",
        "$pbkdf2-sha256$i=1$short$short",
        "$pbkdf2-sha256$i=999999999999$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_what_is_no_hash_matches_nothing(hasher, stored):
    assert not hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, "")


@pytest.mark.parametrize("profile", ["argon2id", "pbkdf2"])
def test_a_resident_who_does_not_exist_costs_the_same_work(profile):
    hasher = PasswordHasher(profile)
    stored = hasher.hash(PASSWORD)

    def cost(password_hash):
        began = time.process_time()
        assert not hasher.verify(password_hash, "another password altogether")
        return time.process_time() - began

    # In turns: how fast a machine is changes within a second.
    known, unknown = zip(*((cost(stored), cost(None)) for _ in range(4)), strict=True)
    assert min(unknown) == pytest.approx(min(known), rel=0.5)


def test_no_more_hashes_run_at_once_than_allowed(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def slow(_hash, _candidate):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return False

    # Private: the comparison itself, so that it takes as long as the test wants.
    monkeypatch.setattr(hashing, "_matches", slow)
    hasher = PasswordHasher("cheap", at_once=2)
    threads = [threading.Thread(target=hasher.verify, args=(None, PASSWORD)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_who_waits_too_long_for_a_turn_is_refused(monkeypatch):
    monkeypatch.setattr(hashing, "WAIT_FOR_A_TURN_SECONDS", 0.01)
    hasher = PasswordHasher("cheap", at_once=1)
    over = threading.Event()
    hasher._workers.submit(over.wait)  # noqa: SLF001 - keeps its one worker busy, without a hash's time
    with pytest.raises(Refused) as refusal:
        hasher.verify(None, PASSWORD)
    over.set()
    monkeypatch.undo()
    assert refusal.value.reason is Reason.TEMPORARILY_UNAVAILABLE
    assert hasher.verify(hasher.hash(PASSWORD), PASSWORD)
