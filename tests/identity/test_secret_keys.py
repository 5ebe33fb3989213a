import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.secret_keys import Keyring, SealBrokenError, digest

OLD, NEW = "the old key of thirty-two characters", "the new key of thirty-two characters"
KEYRING = Keyring([OLD])


@given(st.text())
def test_what_is_sealed_opens_and_does_not_show(plain):
    sealed = KEYRING.seal(plain)
    assert KEYRING.open(sealed) == plain
    assert len(plain) < 4 or plain not in sealed


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAAB", "é"])
def test_what_was_not_sealed_by_us_does_not_open(sealed):
    with pytest.raises(SealBrokenError):
        KEYRING.open(sealed)


def test_a_sealed_value_that_was_changed_does_not_open():
    sealed = KEYRING.seal("secret")
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    with pytest.raises(SealBrokenError):
        KEYRING.open(changed)


def test_a_new_key_seals_while_the_old_one_still_opens():
    rolled = Keyring([NEW, OLD])
    assert rolled.open(KEYRING.seal("from before")) == "from before"
    with pytest.raises(SealBrokenError):
        KEYRING.open(rolled.seal("from now"))
    assert Keyring([NEW]).open(rolled.seal("from now")) == "from now"


def test_keyed_digests_stay_the_same_while_a_new_key_is_rolled_in():
    assert Keyring([NEW, OLD]).keyed_digest("lockout", "jane") == KEYRING.keyed_digest("lockout", "jane")


def test_keyed_digests_differ_by_purpose_value_and_key():
    digests = {
        KEYRING.keyed_digest("lockout", "jane"),
        KEYRING.keyed_digest("code", "jane"),
        KEYRING.keyed_digest("lockout", "john"),
        Keyring([NEW]).keyed_digest("lockout", "jane"),
        digest("jane"),
    }
    assert len(digests) == 5


def test_signing_keys_come_oldest_first_and_one_for_each_purpose():
    assert Keyring([NEW, OLD]).signing_keys("links") == [
        *Keyring([OLD]).signing_keys("links"),
        *Keyring([NEW]).signing_keys("links"),
    ]
    assert KEYRING.signing_keys("links") != KEYRING.signing_keys("cookies")
