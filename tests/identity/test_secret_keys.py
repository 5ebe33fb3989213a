import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.secret_keys import DecryptionError, SecretKeys, digest

OLD, NEW = "the old key of thirty-two characters", "the new key of thirty-two characters"
SECRET_KEYS = SecretKeys([OLD])


@given(st.text())
def test_what_is_encrypted_can_be_decrypted_and_does_not_show(plain):
    encrypted = SECRET_KEYS.encrypt(plain)
    assert SECRET_KEYS.decrypt(encrypted) == plain
    assert len(plain) < 4 or plain not in encrypted


@pytest.mark.parametrize("encrypted", ["", "x", "gAAAAAB", "é"])
def test_a_foreign_value_is_not_decrypted(encrypted):
    with pytest.raises(DecryptionError):
        SECRET_KEYS.decrypt(encrypted)


def test_a_changed_value_is_not_decrypted():
    encrypted = SECRET_KEYS.encrypt("secret")
    changed = encrypted[:20] + ("A" if encrypted[20] != "A" else "B") + encrypted[21:]
    with pytest.raises(DecryptionError):
        SECRET_KEYS.decrypt(changed)


def test_a_new_key_encrypts_while_the_old_one_still_decrypts():
    rolled = SecretKeys([NEW, OLD])
    assert rolled.decrypt(SECRET_KEYS.encrypt("from before")) == "from before"
    with pytest.raises(DecryptionError):
        SECRET_KEYS.decrypt(rolled.encrypt("from now"))
    assert SecretKeys([NEW]).decrypt(rolled.encrypt("from now")) == "from now"


def test_keyed_digests_are_made_with_the_newest_key_and_found_with_every_key():
    rolled, alone = SecretKeys([NEW, OLD]), SecretKeys([NEW])
    before, after = SECRET_KEYS.keyed_digest("lockout", "jane"), alone.keyed_digest("lockout", "jane")
    assert rolled.keyed_digest("lockout", "jane") == after
    assert rolled.keyed_digests("lockout", "jane") == [after, before]
    assert rolled.is_digest_of(before, "lockout", "jane")
    assert rolled.is_digest_of(after, "lockout", "jane")
    assert not alone.is_digest_of(before, "lockout", "jane")


def test_a_key_has_one_name_wherever_it_stands():
    assert SecretKeys([NEW, OLD]).newest_id == SecretKeys([NEW]).newest_id
    assert SecretKeys([OLD, NEW]).newest_id == SECRET_KEYS.newest_id
    assert len({SECRET_KEYS.newest_id, SecretKeys([NEW]).newest_id}) == 2


def test_what_an_older_key_encrypted_is_encrypted_with_the_newest():
    rolled = SecretKeys([NEW, OLD])
    moved = rolled.reseal(SECRET_KEYS.encrypt("from before"))
    assert SecretKeys([NEW]).decrypt(moved) == "from before"
    assert rolled.reseal(moved) is None
    assert SECRET_KEYS.reseal(SECRET_KEYS.encrypt("from before")) is None
    assert rolled.reseal("of no key") is None


def test_keyed_digests_differ_by_purpose_value_and_key():
    digests = {
        SECRET_KEYS.keyed_digest("lockout", "jane"),
        SECRET_KEYS.keyed_digest("code", "jane"),
        SECRET_KEYS.keyed_digest("lockout", "john"),
        SecretKeys([NEW]).keyed_digest("lockout", "jane"),
        digest("jane"),
    }
    assert len(digests) == 5


def test_signing_keys_come_oldest_first_and_one_for_each_purpose():
    assert SecretKeys([NEW, OLD]).derive("links") == [
        *SecretKeys([OLD]).derive("links"),
        *SecretKeys([NEW]).derive("links"),
    ]
    assert SECRET_KEYS.derive("links") != SECRET_KEYS.derive("cookies")
