import re
from datetime import timedelta

import pytest
from identity.residents.one_time_codes.models import OneTimeCode
from identity.residents.one_time_codes.store import CodeResult, OneTimeCodes
from identity.secret_keys import SecretKeys
from mailed_codes import another

PURPOSE = "verify_registration"
SECOND = timedelta(seconds=1)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def codes(connection, secret_keys):
    return OneTimeCodes(connection, secret_keys)


def test_a_code_has_eight_of_twenty_letters_and_is_right_once(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    assert codes.claim_code(PURPOSE, "jane", code, now) is CodeResult.RIGHT
    assert codes.claim_code(PURPOSE, "jane", code, now) is CodeResult.EXPIRED


@pytest.mark.parametrize("write", ["{0}{1}", " {0} {1} ", "{0}-{1}", "{0}\u00a0{1}\n", "{0}\N{EM DASH}{1}."])
def test_blanks_dashes_and_capitals_do_not_matter(codes, now, write):
    for change in (str.upper, str.lower, str.title):
        code = codes.issue_code(PURPOSE, "jane", now)
        typed = change(write.format(code[:4], code[5:]))
        assert codes.claim_code(PURPOSE, "jane", typed, now) is CodeResult.RIGHT


def test_a_digit_that_looks_like_a_letter_is_taken_for_it(codes, now, monkeypatch):
    monkeypatch.setattr("identity.typed_codes.generate", lambda: "LZSGBLVW")
    codes.issue_code(PURPOSE, "jane", now)
    assert codes.claim_code(PURPOSE, "jane", "1256-8iuw", now) is CodeResult.RIGHT


def test_a_code_of_the_release_before_still_works(codes, now, monkeypatch):
    monkeypatch.setattr("identity.typed_codes.formatted", lambda _code: "012345")
    codes.issue_code(PURPOSE, "jane", now)
    assert codes.restart_code(PURPOSE, "jane", "012345", issued_at=now, now=now)
    assert codes.claim_code(PURPOSE, "jane", "012 345", now) is CodeResult.RIGHT


def test_the_fifth_wrong_code_is_the_last_attempt(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    results = [codes.claim_code(PURPOSE, "jane", another(code), now) for _ in range(5)]
    assert results == [CodeResult.WRONG] * 4 + [CodeResult.EXHAUSTED]
    assert codes.claim_code(PURPOSE, "jane", code, now) is CodeResult.EXHAUSTED


@pytest.mark.parametrize("typed", ["", "abc", "0", "1" * 100_000, "½", "\x00"])
def test_what_is_no_code_is_wrong(codes, now, typed):
    codes.issue_code(PURPOSE, "jane", now)
    assert codes.claim_code(PURPOSE, "jane", typed, now) is CodeResult.WRONG


def test_a_code_is_good_for_ten_minutes(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    assert codes.claim_code(PURPOSE, "jane", code, now + TEN_MINUTES) is CodeResult.EXPIRED
    assert codes.claim_code(PURPOSE, "jane", code, now + TEN_MINUTES - SECOND) is CodeResult.RIGHT


def test_only_the_newest_code_counts_with_attempts_of_its_own(codes, now):
    older = codes.issue_code(PURPOSE, "jane", now)
    for _ in range(5):
        codes.claim_code(PURPOSE, "jane", another(older), now)
    newer = codes.issue_code(PURPOSE, "jane", now)
    if older != newer:
        assert codes.claim_code(PURPOSE, "jane", older, now) is CodeResult.WRONG
    assert codes.claim_code(PURPOSE, "jane", newer, now) is CodeResult.RIGHT


def test_a_code_is_bound_to_its_subject_and_purpose(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    assert codes.claim_code(PURPOSE, "john", code, now) is CodeResult.EXPIRED
    assert codes.claim_code("unlock", "jane", code, now) is CodeResult.EXPIRED
    assert codes.claim_code(PURPOSE, "jane", code, now) is CodeResult.RIGHT


def test_equal_codes_of_two_subjects_do_not_look_equal(codes, connection, monkeypatch, now):
    monkeypatch.setattr("identity.typed_codes.generate", lambda: "BCDFGHJK")
    codes.issue_code(PURPOSE, "jane", now)
    codes.issue_code(PURPOSE, "john", now)
    rows = connection.execute(OneTimeCode.__table__.select()).all()
    assert len({row.code_digest for row in rows}) == 2
    assert "BCDF" not in str(rows)


def test_a_forgotten_code_is_gone(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    codes.delete_code(PURPOSE, "jane")
    assert codes.claim_code(PURPOSE, "jane", code, now) is CodeResult.EXPIRED


def test_expired_codes_are_deleted_once_no_mail_may_bring_them(codes, now):
    codes.issue_code(PURPOSE, "jane", now)
    assert codes.delete_old(now + 3 * TEN_MINUTES - SECOND, 500) == 0
    assert codes.delete_old(now + 3 * TEN_MINUTES, 500) == 1


def test_a_code_that_is_about_to_be_mailed_lives_ten_minutes_from_then(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    late = now + 2 * TEN_MINUTES - SECOND
    assert codes.restart_code(PURPOSE, "jane", code, issued_at=now, now=late)
    assert codes.claim_code(PURPOSE, "jane", code, late + TEN_MINUTES - SECOND) is CodeResult.RIGHT


def test_a_code_is_restarted_for_twice_its_life(codes, now):
    code = codes.issue_code(PURPOSE, "jane", now)
    assert not codes.restart_code(PURPOSE, "jane", code, issued_at=now, now=now + 2 * TEN_MINUTES)
    assert codes.claim_code(PURPOSE, "jane", code, now + 2 * TEN_MINUTES) is CodeResult.EXPIRED


def test_a_code_that_was_used_replaced_or_guessed_at_too_often_is_not_restarted(codes, now):
    used, replaced, guessed = (codes.issue_code(PURPOSE, name, now) for name in ("jane", "john", "joan"))
    codes.claim_code(PURPOSE, "jane", used, now)
    codes.issue_code(PURPOSE, "john", now)
    for _ in range(5):
        codes.claim_code(PURPOSE, "joan", another(guessed), now)
    for name, code in (("jane", used), ("john", replaced), ("joan", guessed)):
        assert not codes.restart_code(PURPOSE, name, code, issued_at=now, now=now)


def test_a_code_of_an_older_key_works_while_that_key_is_configured(connection, now):
    old, new = (f"{name}{'-' * 32}" for name in ("old", "new"))
    code = OneTimeCodes(connection, SecretKeys([old])).issue_code(PURPOSE, "jane", now)
    rolled = OneTimeCodes(connection, SecretKeys([new, old]))
    assert rolled.restart_code(PURPOSE, "jane", code, issued_at=now, now=now)
    assert rolled.claim_code(PURPOSE, "jane", code, now) is CodeResult.RIGHT
