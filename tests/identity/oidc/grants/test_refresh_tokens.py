"""Refresh tokens are derived: the same each time, from our key and the family's seed together."""

import pytest
from identity.oidc.grants import refresh_tokens
from identity.oidc.grants.refresh_tokens import RefreshFamilies
from identity.secret_keys import SecretKeys

OLD, NEW = "an old key of thirty-two characters!", "a newer key of thirty-two characters"
GRANT = "g" * 22


def test_a_token_is_the_same_each_time():
    families = RefreshFamilies(SecretKeys([NEW]))
    assert families.token(GRANT, 3, "seed") == families.token(GRANT, 3, "seed")


def test_grant_generation_seed_and_key_all_count():
    families, others = RefreshFamilies(SecretKeys([NEW])), RefreshFamilies(SecretKeys([OLD]))
    tokens = {
        families.token(GRANT, 3, "seed"),
        families.token("h" * 22, 3, "seed"),
        families.token(GRANT, 4, "seed"),
        families.token(GRANT, 3, "other"),
        others.token(GRANT, 3, "seed"),
    }
    assert len({token.split(".")[2] for token in tokens}) == 5


def test_a_token_of_an_older_key_is_still_genuine():
    issued = RefreshFamilies(SecretKeys([OLD])).token(GRANT, 0, "seed")
    families = RefreshFamilies(SecretKeys([NEW, OLD]))
    presented = families.parse(issued)
    assert presented is not None
    assert families.is_genuine(presented, "seed")
    assert not families.is_genuine(presented, "other")
    assert not RefreshFamilies(SecretKeys([NEW])).is_genuine(presented, "seed")


def test_what_has_not_the_form_is_none():
    families = RefreshFamilies(SecretKeys([NEW]))
    token = families.token(GRANT, 0, "seed")
    for text in (
        "",
        "x",
        token[:-1],
        f"{token}\n",
        f" {token}",
        token.replace(".0.", ".01234567890."),
        "٣" * 40,
    ):
        assert families.parse(text) is None, text


def test_a_remembered_seed_is_found_for_genuine_tokens_of_its_family_alone():
    families = RefreshFamilies(SecretKeys([NEW, OLD]))
    issued = RefreshFamilies(SecretKeys([OLD])).token(GRANT, 3, "seed")
    genuine = families.parse(issued)
    forged = families.parse(families.token(GRANT, 3, "other"))
    assert genuine is not None
    assert forged is not None
    assert families.remembered_seed(genuine) is None
    families.remember(GRANT, "seed")
    assert families.remembered_seed(genuine) == "seed"
    assert families.remembered_seed(forged) is None


def test_the_first_family_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(refresh_tokens, "_REMEMBERED", 2)
    families = RefreshFamilies(SecretKeys([NEW]))
    tokens = [families.parse(families.begin(letter * 22, letter)) for letter in "abc"]
    assert [token and families.remembered_seed(token) for token in tokens] == [None, "b", "c"]
