"""Of any number of claims in one instant exactly one wins, in long transactions and in single statements."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from flask import Flask
from identity.clock import FixedClock
from identity.email_verification.code_tries import CodeTries
from identity.outbox.store import Deliveries, Outbox, Outgoing
from identity.rate_limits.limiter import Action, Limit, RateLimiter
from identity.resident_notifications.store import Notices
from identity.residents.accounts import addresses
from identity.residents.accounts.models import Resident, SignInMethod
from identity.residents.accounts.store import Accounts, AddressTakenError
from identity.residents.action_links.models import ActionLink
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.lockout.models import FailureCount
from identity.residents.lockout.store import Lockout
from identity.residents.one_time_codes.store import CodeResult, OneTimeCodes
from identity.residents.sessions.store import Sessions
from identity.residents.sign_in_codes.models import SignInCode
from identity.residents.sign_in_codes.store import SignInCodes
from identity.secret_keys import SecretKeys
from identity.storage import Storage, table_of
from mailed_codes import another
from sqlalchemy import insert

RESET = Purpose.RESET_PASSWORD
HOME = "network:192.0.2.0/24"


@pytest.fixture(params=["transaction", "autocommit"])
def opened(request, storage):
    """Return how a store is opened: in a transaction of its own, or statement by statement."""
    return getattr(storage, request.param)


def test_one_link_is_claimed_once(opened, storage, at_once, now):
    with storage.autocommit() as connection:
        token = ActionLinks(connection).issue_link(RESET, "jane", "", RESET.lifetime, now)

    def claim(_):
        with opened() as executor:
            return ActionLinks(executor).claim_link(token, RESET, now).status

    assert Counter(at_once(12, claim)) == {LinkStatus.VALID: 1, LinkStatus.SPENT: 11}


def test_links_issued_at_once_all_work_and_one_claim_ends_them(opened, storage, at_once, now):
    def issue(_):
        with opened() as executor:
            return ActionLinks(executor).issue_link(RESET, "jane", "", RESET.lifetime, now)

    tokens = at_once(8, issue)
    with storage.autocommit() as connection:
        links = ActionLinks(connection)
        statuses = Counter(links.find_link(token, RESET, now).status for token in tokens)
        assert len(connection.execute(table_of(ActionLink).select()).all()) == 8
    assert statuses == {LinkStatus.VALID: 8}

    def claim(number):
        with opened() as executor:
            return ActionLinks(executor).claim_link(tokens[number], RESET, now).status

    assert Counter(at_once(8, claim)) == {LinkStatus.VALID: 1, LinkStatus.SPENT: 7}


def test_the_right_code_is_right_once(opened, storage, secret_keys, at_once, now):
    with storage.autocommit() as connection:
        code = OneTimeCodes(connection, secret_keys).issue_code("verify", "jane", now)

    def claim(_):
        with opened() as executor:
            return OneTimeCodes(executor, secret_keys).claim_code("verify", "jane", code, now)

    results = Counter(at_once(12, claim))
    assert results[CodeResult.RIGHT] == 1


def test_guesses_in_one_instant_get_no_more_than_five_attempts(opened, storage, secret_keys, at_once, now):
    with storage.autocommit() as connection:
        code = OneTimeCodes(connection, secret_keys).issue_code("verify", "jane", now)
    wrong = another(code)

    def guess(_):
        with opened() as executor:
            return OneTimeCodes(executor, secret_keys).claim_code("verify", "jane", wrong, now)

    results = at_once(12, guess)
    # Four are told "wrong", the fifth and all later ones that there are no attempts left.
    assert Counter(results) == {CodeResult.WRONG: 4, CodeResult.EXHAUSTED: 8}


def test_tries_in_one_instant_over_many_registrations_get_no_more_than_twenty(
    storage, secret_keys, at_once, now
):
    limits = {
        action: Limit(20 if action is Action.CODE_FOR_ADDRESS_FROM_NETWORK else 1000, timedelta(days=1))
        for action in Action
    }
    tries = CodeTries("verify", RateLimiter(storage, FixedClock(now), secret_keys, limits))
    claims = at_once(32, lambda number: tries.claim_try("jane@example.com", f"192.0.2.{number}"))
    assert Counter(claims) == {True: 20, False: 12}


def test_guesses_in_one_instant_get_no_more_passwords_checked_than_the_rules_allow(
    opened, storage, secret_keys, at_once, now
):
    def attempt(_):
        with opened() as executor:
            return Lockout(executor, secret_keys).count_attempt("jane@example.com", HOME, now).is_open

    assert Counter(at_once(16, attempt)) == {True: 5, False: 11}


def test_failures_from_many_networks_at_once_are_all_counted(opened, storage, secret_keys, at_once, now):
    def fail(number):
        with opened() as executor:
            Lockout(executor, secret_keys).count_attempt("jane@example.com", f"network:{number}", now)

    at_once(16, fail)
    with storage.autocommit() as connection:
        counts = {row.origin: row.failures for row in connection.execute(table_of(FailureCount).select())}
    assert counts["strangers"] == 16


def test_one_address_registered_at_once_becomes_one_resident(storage, at_once, now):
    def register(_):
        try:
            with storage.transaction() as tx:
                Accounts(tx).create(
                    address=addresses.parse("jane@example.com"),
                    address_verified=True,
                    sign_in_method=SignInMethod.PASSWORD,
                    given_name="Jane",
                    family_name="Doe",
                    language="en",
                    city_id=None,
                    now=now,
                )
        except AddressTakenError:
            return "taken"
        return "created"

    assert Counter(at_once(10, register)) == {"created": 1, "taken": 9}


def test_one_notice_is_accepted_once(opened, at_once, now):
    def claim(_):
        with opened() as executor:
            return Notices(executor).claim_notice("urn:x", "one", now)

    assert Counter(at_once(12, claim)) == {True: 1, False: 11}


def test_one_mail_goes_to_one_worker(storage, secret_keys, at_once, now):
    with storage.autocommit() as connection:
        outbox = Outbox(connection, secret_keys, FixedClock(now))
        queued = outbox.queue("mail", [Outgoing("example.com", "{}")] * 10)

    def claim_all(_):
        claimed = []
        with storage.autocommit() as connection:
            while message := Deliveries(connection).claim_message(now, ["mail"]):
                claimed.append(message.id)
        return claimed

    claimed = [message_id for share in at_once(8, claim_all) for message_id in share]
    assert sorted(claimed) == sorted(queued)


def test_a_session_ends_once_and_its_old_secret_is_worth_nothing(opened, storage, at_once, now):
    with storage.autocommit() as connection:
        connection.execute(
            insert(table_of(Resident)).values(
                id="jane",
                sign_in_method="password",
                given_name="",
                family_name="",
                language="en",
                created_at=now,
            )
        )
        begun = Sessions(connection).insert_session(
            resident_id="jane", amr=["pwd"], remembered=False, now=now, user_agent="", ip_address=""
        )

    def end(_):
        with opened() as executor:
            return len(Sessions(executor).mark_ended([begun.sid], now))

    assert Counter(at_once(12, end)) == {1: 1, 0: 11}


def test_two_processes_claim_one_link_once(storage, fresh_database, now):
    """As two web processes do: nothing in common but the database."""
    database_url = fresh_database("identity")
    with storage.autocommit() as connection:
        tokens = [
            ActionLinks(connection).issue_link(RESET, f"resident-{n}", "", RESET.lifetime, now)
            for n in range(40)
        ]
    spawn = get_context("spawn")
    start = (spawn.Barrier(2),)
    with ProcessPoolExecutor(2, mp_context=spawn, initializer=_start_together, initargs=start) as pool:
        shares = list(pool.map(_claim_all, [(database_url, tokens, now)] * 2))
    won = [status for share in shares for status in share if status == "valid"]
    assert len(won) == 40
    assert [{one, other} for one, other in zip(*shares, strict=True)] == [{"valid", "spent"}] * 40


_start = None


def _start_together(barrier):
    global _start  # noqa: PLW0603 - a pool hands a barrier to its processes in no other way
    _start = barrier


def _claim_all(work):
    database_url, tokens, now = work
    storage = Storage(database_url)
    app = Flask("identity")
    storage.init_app(app)
    statuses = []
    with app.app_context():
        assert storage.is_reachable()
        _start.wait()
        for token in tokens:
            with storage.transaction() as tx:
                statuses.append(ActionLinks(tx).claim_link(token, RESET, now).status.value)
    storage.dispose()
    return statuses


def test_a_mailed_sign_in_code_is_right_once_and_guessed_at_five_times(
    opened, storage, secret_keys, at_once, now
):
    with storage.autocommit() as connection:
        codes = SignInCodes(connection, secret_keys)
        code = codes.issue_code("one", "hash", remember_me=False, now=now)
        codes.issue_code("other", "hash", remember_me=False, now=now)

    def claim(_):
        with opened() as executor:
            return SignInCodes(executor, secret_keys).claim_code("one", code, "hash", now) is not None

    def guess(_):
        with opened() as executor:
            SignInCodes(executor, secret_keys).claim_code("other", "BCDF-GHJK", "hash", now)

    assert Counter(at_once(12, claim))[True] == 1
    at_once(12, guess)
    with storage.autocommit() as connection:
        (row,) = connection.execute(table_of(SignInCode).select())
    assert row.attempts_left == 0


def test_attempts_at_once_move_one_count_to_the_newest_key(opened, storage, at_once, now):
    old, new = (f"{name}{'-' * 32}" for name in ("old", "new"))
    with storage.autocommit() as connection:
        for number in range(40):
            Lockout(connection, SecretKeys([old])).count_attempt("jane", f"network:{number}", now)

    def attempt(number):
        with opened() as executor:
            keys = SecretKeys([new, old])
            return Lockout(executor, keys).count_attempt("jane", f"network:{100 + number}", now).is_open

    assert Counter(at_once(16, attempt)) == {True: 10, False: 6}
