from datetime import timedelta

from identity.residents.passwords.store import Passwords


def test_a_resident_has_the_password_that_was_set_last(storage, add_resident, now):
    jane = add_resident()
    with storage.autocommit() as connection:
        passwords = Passwords(connection)
        assert passwords.find_password(jane.id) is None
        passwords.set_password(jane.id, "first", now)
        passwords.set_password(jane.id, "second", now + timedelta(days=1))
        assert passwords.find_password(jane.id).hash == "second"


def test_rehashing_never_undoes_a_reset_made_meanwhile(storage, add_resident, now):
    jane = add_resident()
    with storage.autocommit() as connection:
        passwords = Passwords(connection)
        passwords.set_password(jane.id, "weak hash of the old password", now)
        passwords.set_password(jane.id, "hash of the new password", now)
        assert not passwords.rehash(
            jane.id, "weak hash of the old password", "strong hash of the old password"
        )
        assert passwords.find_password(jane.id).hash == "hash of the new password"
        assert passwords.rehash(jane.id, "hash of the new password", "strong hash of the new password")
        assert passwords.find_password(jane.id).hash == "strong hash of the new password"
