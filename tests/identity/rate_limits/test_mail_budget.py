"""What strangers can cause to one address: a handful of mails, and never that its owner has no link."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from identity.rate_limits.mail_budget import (
    DAY,
    DEVICE_PLACES,
    NEW_NETWORK_PLACES,
    STOPPED_FOR,
    Asker,
    MailBudget,
    Topic,
)
from identity.rate_limits.models import MailAllowance, RequestCount
from identity.rate_limits.store import MailAllowances
from identity.secret_keys import SecretKeys
from sqlalchemy import select

JANE = "jane@example.com"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINKED = (Topic.RECOVERY, Topic.UNLOCK)


class Mailroom:
    """One address, and the mails that were sent to it: when, about what, and how long their links work."""

    def __init__(self, storage, secret_keys, clock) -> None:
        self.budget, self.storage, self.clock = (
            MailBudget(secret_keys, "https://id.example/stop-emails#{}".format),
            storage,
            clock,
        )
        self.sent = []

    def ask(self, network=0, topic=Topic.RECOVERY, *, address=JANE, is_known_device=False, is_wanted=True):
        """Ask from a network of this number; return the place."""
        ip_address = f"198.{18 + network // 256}.{network % 256}.7"
        now = self.clock.now()
        with self.storage.transaction() as tx:
            place = self.budget.claim_place(
                tx, topic, address, Asker(ip_address, is_known_device), now, is_wanted=is_wanted
            )
        if place.is_granted:
            self.sent.append((now, topic, now + place.link_lifetime))
        return place

    def has_link(self, topic):
        return any(about is topic and self.clock.now() < until for _, about, until in self.sent)

    def most_in_a_day(self):
        times = [at for at, _, _ in self.sent]
        return max(sum(begin <= at < begin + DAY for at in times) for begin in times)

    def attack(self, networks, *, hours, every=25 * MINUTE, topics=tuple(Topic)):
        """Ask for everything, each time from the next of so many networks."""
        end, number = self.clock.now() + hours * HOUR, 0
        while self.clock.now() < end:
            for topic in topics:
                self.ask(number % networks, topic)
                number += 1
            assert all(self.has_link(topic) for topic in topics if topic in LINKED)
            self.clock.advance(every)


@pytest.fixture
def mailroom(storage, secret_keys, clock):
    return Mailroom(storage, secret_keys, clock)


class TestFromManyNetworks:
    @pytest.mark.parametrize("networks", [1, 4, 40, 400])
    def test_eight_mails_a_day_at_most_and_always_a_link_that_works(self, mailroom, networks):
        mailroom.attack(networks, hours=30)
        assert mailroom.most_in_a_day() <= NEW_NETWORK_PLACES + len(Topic) - 1

    @pytest.mark.parametrize("networks", [4, 40, 400])
    def test_all_at_once_cause_five_and_not_one_for_each(self, mailroom, networks):
        for network in range(networks):
            mailroom.ask(network)
        assert len(mailroom.sent) == min(networks, NEW_NETWORK_PLACES)

    def test_after_four_networks_the_owner_gets_a_link_of_their_own_on_a_fifth(self, mailroom):
        for number in range(20):
            mailroom.ask(number % 4)
        assert len(mailroom.sent) == 4
        assert mailroom.ask(99).is_granted

    def test_after_four_hundred_the_link_in_the_mailbox_works_for_a_day(self, mailroom, clock):
        for network in range(400):
            mailroom.ask(network)
        clock.advance(DAY - MINUTE)
        assert mailroom.has_link(Topic.RECOVERY)
        assert mailroom.ask(999).is_granted

    def test_at_the_same_moment_they_get_as_many_places_as_there_are(self, mailroom):
        with ThreadPoolExecutor(8) as pool:
            places = list(pool.map(mailroom.ask, range(24)))
        assert sum(place.is_granted for place in places) == NEW_NETWORK_PLACES

    def test_a_block_of_addresses_is_one_network(self, mailroom, storage, clock):
        with storage.transaction() as tx:
            for last in range(20):
                asker = Asker(f"203.0.113.{last}")
                place = mailroom.budget.claim_place(tx, Topic.RECOVERY, JANE, asker, clock.now())
                assert place.is_granted is (last == 0)


class TestFromOneNetwork:
    def test_while_the_newest_mail_serves_there_is_no_other(self, mailroom, clock):
        assert mailroom.ask().is_granted
        clock.advance(20 * MINUTE - timedelta(seconds=1))
        assert not mailroom.ask().is_granted
        clock.advance(timedelta(seconds=1))
        assert mailroom.ask().is_granted

    def test_each_link_works_ten_minutes_longer_than_its_mail_serves(self, mailroom, clock):
        lives = []
        for _ in range(5):
            place = mailroom.ask()
            lives.append(place.link_lifetime)
            clock.advance(place.link_lifetime - 10 * MINUTE)
        assert lives == [30 * MINUTE, HOUR, 3 * HOUR, DAY, DAY]

    def test_a_day_without_a_mail_begins_anew(self, mailroom, clock):
        for _ in range(3):
            mailroom.ask()
            clock.advance(3 * HOUR)
        clock.advance(DAY)
        assert mailroom.ask().link_lifetime == 30 * MINUTE

    def test_what_was_asked_about_another_topic_or_address_is_no_reason(self, mailroom):
        assert mailroom.ask().is_granted
        assert mailroom.ask(topic=Topic.UNLOCK).is_granted
        assert mailroom.ask(address="john@example.com").is_granted

    def test_a_notice_that_no_visitor_asked_for_has_no_network(self, mailroom, storage, clock):
        def claim():
            with storage.transaction() as tx:
                place = mailroom.budget.claim_place(tx, Topic.NOTICE, JANE, Asker(""), clock.now())
            return place.is_granted

        assert [claim(), claim()] == [True, False]


class TestTheOwnersDevice:
    def test_has_places_of_its_own_whatever_strangers_used_up(self, mailroom):
        mailroom.attack(40, hours=2)
        places = [mailroom.ask(99, is_known_device=True) for _ in range(DEVICE_PLACES)]
        assert all(place.is_granted for place in places)

    def test_takes_none_of_the_others(self, mailroom):
        for _ in range(DEVICE_PLACES):
            mailroom.ask(is_known_device=True)
        assert mailroom.ask().is_granted

    def test_is_bounded_too(self, mailroom):
        for _ in range(50):
            mailroom.ask(is_known_device=True)
        assert len(mailroom.sent) == DEVICE_PLACES + 1


class TestStopped:
    @pytest.fixture
    def token(self, mailroom):
        return urlsplit(mailroom.ask().stop_link).fragment

    def read(self, mailroom, token):
        with mailroom.storage.transaction() as tx:
            return mailroom.budget.read_stop_link(tx, token, mailroom.clock.now())

    def stop(self, mailroom):
        with mailroom.storage.transaction() as tx:
            return mailroom.budget.stop(tx, JANE, mailroom.clock.now())

    def test_no_stranger_causes_a_mail_for_a_week(self, mailroom, clock, token):
        self.stop(mailroom)
        mailroom.sent.clear()
        for _ in range(7 * 24):
            assert not any(mailroom.ask(network, topic).is_granted for network, topic in enumerate(Topic))
            clock.advance(HOUR)
        assert mailroom.ask().is_granted

    def test_the_owners_device_still_does(self, mailroom, token):
        self.stop(mailroom)
        assert mailroom.ask(is_known_device=True).is_granted

    def test_cleaning_does_not_end_it(self, mailroom, clock, storage, token):
        self.stop(mailroom)
        clock.advance(2 * DAY)
        with storage.autocommit() as connection:
            assert MailAllowances(connection).delete_old(clock.now(), 100) == 0
        assert not mailroom.ask().is_granted

    def test_resuming_begins_anew(self, mailroom, token):
        self.stop(mailroom)
        with mailroom.storage.transaction() as tx:
            mailroom.budget.resume(tx, JANE)
        assert mailroom.ask().link_lifetime == 30 * MINUTE

    def test_the_link_knows_its_address_and_the_end_of_the_stop(self, mailroom, clock, token):
        assert self.read(mailroom, token).address_key == JANE
        assert self.read(mailroom, token).stopped_until is None
        self.stop(mailroom)
        assert self.read(mailroom, token).stopped_until == clock.now() + STOPPED_FOR

    def test_the_link_works_for_a_month(self, mailroom, clock, token):
        clock.advance(29 * DAY)
        assert self.read(mailroom, token)
        clock.advance(DAY)
        assert self.read(mailroom, token) is None

    def test_the_link_of_the_longest_address_is_one_that_pages_take(self, mailroom):
        longest = f"{'j' * 64}@{'a' * 185}.com"
        token = urlsplit(mailroom.ask(address=longest).stop_link).fragment
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,500}", token)
        assert self.read(mailroom, token).address_key == longest

    @pytest.mark.parametrize("made_up", ["", "x", "é\x00", "a" * 5000])
    def test_a_made_up_link_is_none(self, mailroom, made_up):
        assert self.read(mailroom, made_up) is None

    def test_what_was_encrypted_for_another_purpose_is_none(self, mailroom, secret_keys, clock):
        other = secret_keys.encrypt(f"mail {clock.now().date().toordinal()} {JANE}")
        assert self.read(mailroom, other) is None


def test_a_stop_goes_on_when_the_key_is_replaced(mailroom, storage, clock):
    old, new = (f"{name}{'-' * 32}" for name in ("old", "new"))

    def budget(*keys: str):
        return MailBudget(SecretKeys(keys), "https://id.example/stop-emails#{}".format)

    with storage.transaction() as tx:
        budget(old).stop(tx, JANE, clock.now())
    for keys in ((new, old), (new,)):
        mailroom.budget = budget(*keys)
        assert not mailroom.ask().is_granted


def test_what_is_not_wanted_gets_no_place_and_takes_none(mailroom):
    for network in range(20):
        assert not mailroom.ask(network, is_wanted=False).is_granted
    assert mailroom.ask().link_lifetime == 30 * MINUTE


def test_neither_address_nor_network_is_stored_in_clear(mailroom, storage):
    mailroom.ask()
    with storage.autocommit() as connection:
        stored = connection.execute(select(MailAllowance.address)).scalars().all()
        stored += connection.execute(select(RequestCount.asker)).scalars().all()
    assert {len(each) for each in stored} == {64}


def test_old_rows_are_cleaned_away(mailroom, storage, clock):
    mailroom.ask()
    clock.advance(DAY)
    with storage.autocommit() as connection:
        assert MailAllowances(connection).delete_old(clock.now(), 100) == 1
