from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from identity.residents.action_links.models import ActionLink
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkState, LinkStatus
from sqlalchemy import event

RESET = Purpose.RESET_PASSWORD
SECOND = timedelta(seconds=1)


@pytest.fixture
def connection(storage):
    with storage.autocommit() as connection:
        yield connection


@pytest.fixture
def links(connection):
    return ActionLinks(connection)


@pytest.fixture
def issue(links, now):
    def issue(subject="jane", purpose=RESET, at=now):
        return links.issue_link(purpose, subject, "signed continuation", purpose.lifetime, at)

    return issue


def test_lifetimes_are_those_that_the_mails_promise():
    assert Purpose.VERIFY_REGISTRATION.lifetime == timedelta(hours=24)
    assert Purpose.RESET_PASSWORD.lifetime == Purpose.UNLOCK.lifetime == timedelta(minutes=30)


def test_a_link_opens_once(links, issue, now):
    token = issue()
    assert links.find_link(token, RESET, now) == LinkState(LinkStatus.VALID, "jane", "signed continuation")
    assert links.claim_link(token, RESET, now) == LinkState(LinkStatus.VALID, "jane", "signed continuation")
    spent = LinkState(LinkStatus.SPENT, "jane", "signed continuation")
    assert links.find_link(token, RESET, now) == spent
    assert links.claim_link(token, RESET, now) == spent


def test_looking_never_writes(links, issue, connection, now):
    token = issue()
    statements = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for _ in range(3):
        assert links.find_link(token, RESET, now).status is LinkStatus.VALID
    assert all(statement.startswith("SELECT") for statement in statements)


def test_a_link_expires_to_the_second_and_still_knows_the_way_back(links, issue, now):
    token = issue()
    end = now + timedelta(minutes=30)
    assert links.find_link(token, RESET, end - SECOND).status is LinkStatus.VALID
    expired = LinkState(LinkStatus.EXPIRED, "jane", "signed continuation")
    assert links.find_link(token, RESET, end) == expired
    assert links.claim_link(token, RESET, end) == expired
    assert links.claim_link(token, RESET, end - SECOND).status is LinkStatus.VALID


def test_a_link_that_is_about_to_be_mailed_lives_from_then(links, issue, now):
    token, late = issue(), now + timedelta(minutes=60) - SECOND
    assert links.restart_link(token, RESET, RESET.lifetime, late) == "jane"
    assert links.find_link(token, RESET, late + timedelta(minutes=30) - SECOND).status is LinkStatus.VALID
    assert links.find_link(token, RESET, late + timedelta(minutes=30)).status is LinkStatus.EXPIRED


def test_a_link_is_restarted_for_twice_its_life(links, issue, now):
    assert links.restart_link(issue(), RESET, RESET.lifetime, now + timedelta(minutes=60)) is None


def test_a_link_that_was_spent_or_waits_beside_a_newer_one_is_not_restarted(links, issue, now):
    spent, older = issue("jane"), issue("john")
    links.claim_link(spent, RESET, now)
    issue("john")
    for token in (spent, older, "made up"):
        assert links.restart_link(token, RESET, RESET.lifetime, now) is None


def test_a_newer_link_leaves_the_older_ones_as_they_are(links, issue, now):
    tokens = [issue() for _ in range(3)]
    assert {links.find_link(token, RESET, now).status for token in tokens} == {LinkStatus.VALID}


@pytest.mark.parametrize("used", [0, 1, 2])
def test_the_use_of_one_spends_all(links, issue, now, used):
    tokens = [issue() for _ in range(3)]
    assert links.claim_link(tokens[used], RESET, now) == LinkState(
        LinkStatus.VALID, "jane", "signed continuation"
    )
    assert {links.claim_link(token, RESET, now).status for token in tokens} == {LinkStatus.SPENT}


def test_an_expired_link_spends_no_other(links, issue, now):
    expired, late = issue(), now + RESET.lifetime
    newer = issue(at=late)
    assert links.claim_link(expired, RESET, late).status is LinkStatus.EXPIRED
    assert links.claim_link(newer, RESET, late).status is LinkStatus.VALID


def test_of_all_the_links_of_one_subject_claimed_at_once_one_is_valid(storage, now):
    with storage.autocommit() as connection:
        issue = ActionLinks(connection).issue_link
        tokens = [issue(RESET, "jane", "signed", RESET.lifetime, now) for _ in range(8)]

    def claim(token):
        with storage.autocommit() as connection:
            return ActionLinks(connection).claim_link(token, RESET, now).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, tokens)) == [LinkStatus.SPENT] * 7 + [LinkStatus.VALID]


def test_links_of_others_and_for_other_purposes_stay(links, issue, now):
    johns, unlock = issue("john"), issue(purpose=Purpose.UNLOCK)
    issue()
    assert links.find_link(johns, RESET, now).status is LinkStatus.VALID
    assert links.find_link(unlock, Purpose.UNLOCK, now).status is LinkStatus.VALID


def test_a_spent_link_stays_spent_when_a_newer_one_is_mailed(links, issue, now):
    older = issue()
    links.claim_link(older, RESET, now)
    issue()
    assert links.find_link(older, RESET, now).status is LinkStatus.SPENT


def test_a_link_is_good_for_its_own_purpose_only(links, issue, now):
    token = issue()
    assert links.claim_link(token, Purpose.UNLOCK, now) == LinkState(LinkStatus.UNKNOWN)
    assert links.find_link(token, RESET, now).status is LinkStatus.VALID


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "x" * 100_000, "é\x00"])
def test_a_made_up_token_is_unknown(links, now, token):
    assert (
        links.find_link(token, RESET, now)
        == links.claim_link(token, RESET, now)
        == LinkState(LinkStatus.UNKNOWN)
    )


def test_the_token_is_not_in_the_database(issue, connection):
    token = issue()
    assert len(token) >= 43
    assert token not in str(connection.execute(ActionLink.__table__.select()).all())


def test_what_was_done_by_other_means_spends_the_link(links, issue, now):
    token = issue()
    links.spend_links(RESET, "jane", now)
    assert links.claim_link(token, RESET, now).status is LinkStatus.SPENT


def test_a_voided_link_works_no_more_even_if_its_mail_still_waits(links, issue, now):
    tokens = [issue(), issue()]
    links.void_links(RESET, "jane", now)
    assert {links.claim_link(token, RESET, now).status for token in tokens} == {LinkStatus.EXPIRED}
    assert [links.restart_link(token, RESET, RESET.lifetime, now) for token in tokens] == [None, None]


def test_links_are_deleted_a_week_after_they_expired(links, issue, now):
    token = issue()
    end = now + timedelta(minutes=30) + timedelta(days=7)
    assert links.delete_old(end - SECOND, 500) == 0
    assert links.find_link(token, RESET, end).status is LinkStatus.EXPIRED
    assert links.delete_old(end, 500) == 1
    assert links.find_link(token, RESET, end).status is LinkStatus.UNKNOWN
