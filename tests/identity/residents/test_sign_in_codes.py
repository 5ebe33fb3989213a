from datetime import timedelta

import pytest
from identity.residents.sign_in_codes.models import SignInCode
from identity.residents.sign_in_codes.store import ClaimedCode, SignInCodes, code_id
from identity.secret_keys import SecretKeys
from identity.storage import table_of

HASH, OTHER_HASH = "the stored hash", "the hash of another password"
HERE = code_id("the browser's secret", "jane@example.com")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def codes(connection, secret_keys):
    return SignInCodes(connection, secret_keys)


def test_a_code_has_eight_letters_and_is_right_once(codes, now):
    code = codes.issue_code(HERE, HASH, remember_me=True, now=now)
    assert len(code) == 9
    assert codes.claim_code(HERE, code, HASH, now) == ClaimedCode(remember_me=True)
    assert codes.claim_code(HERE, code, HASH, now) is None


@pytest.mark.parametrize("stored", [OTHER_HASH, "", None])
def test_it_is_worth_nothing_with_another_password(codes, now, stored):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    assert codes.claim_code(HERE, code, stored, now) is None


@pytest.mark.parametrize(
    "other", [code_id("another browser", "jane@example.com"), code_id("the browser's secret", "john@x.org")]
)
def test_it_is_of_one_browser_and_address(codes, now, other):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    assert codes.claim_code(other, code, HASH, now) is None


def test_the_code_of_a_wrong_password_never_works_and_is_never_mailed(codes, now):
    code = codes.issue_code(HERE, None, remember_me=False, now=now)
    assert not codes.restart_code(HERE, code, issued_at=now, now=now)
    for stored in (HASH, "", None):
        assert codes.claim_code(HERE, code, stored, now) is None


def test_five_attempts_and_no_more(codes, now):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    for _ in range(5):
        assert codes.claim_code(HERE, "BCDF-GHJK", HASH, now) is None
    assert codes.claim_code(HERE, code, HASH, now) is None
    assert not codes.restart_code(HERE, code, issued_at=now, now=now)


def test_its_ten_minutes_begin_with_its_mail(codes, now):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    mailed = now + 19 * MINUTE
    assert codes.restart_code(HERE, code, issued_at=now, now=mailed)
    assert codes.claim_code(HERE, code, HASH, mailed + 10 * MINUTE) is None
    assert codes.claim_code(HERE, code, HASH, mailed + 10 * MINUTE - SECOND) is not None


def test_after_twenty_minutes_no_mail_restarts_it(codes, now):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    assert not codes.restart_code(HERE, code, issued_at=now, now=now + 20 * MINUTE)


def test_a_code_of_an_older_key_works_while_that_key_is_configured(connection, now):
    old, new = (f"{name}{'-' * 32}" for name in ("old", "new"))
    code = SignInCodes(connection, SecretKeys([old])).issue_code(HERE, HASH, remember_me=False, now=now)
    rolled = SignInCodes(connection, SecretKeys([new, old]))
    assert rolled.restart_code(HERE, code, issued_at=now, now=now)
    assert rolled.claim_code(HERE, code, HASH, now) is not None


def test_the_code_is_not_stored(codes, connection, now):
    code = codes.issue_code(HERE, HASH, remember_me=False, now=now)
    (row,) = connection.execute(table_of(SignInCode).select())
    assert code not in str(row)
    assert HASH not in str(row)


def test_old_codes_are_deleted(codes, now):
    codes.issue_code(HERE, HASH, remember_me=False, now=now)
    assert codes.delete_old(now + 30 * MINUTE - SECOND, 500) == 0
    assert codes.delete_old(now + 30 * MINUTE, 500) == 1
