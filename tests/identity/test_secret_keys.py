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


def test_keyed_digests_stay_the_same_while_a_new_key_is_rolled_in():
    assert SecretKeys([NEW, OLD]).keyed_digest("lockout", "jane") == SECRET_KEYS.keyed_digest(
        "lockout", "jane"
    )


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
