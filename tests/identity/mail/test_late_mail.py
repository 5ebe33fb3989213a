"""Mails that a mail server takes late: greylisting, an outage, a worker that dies."""

from datetime import timedelta

import pytest
from identity.continuation import SignedContinuation
from identity.mail.delivery import MailDelivery
from identity.mail.messages import (
    Recipient,
    account_locked,
    password_changed,
    reset_password,
    verify_new_address,
    verify_registration,
)
from identity.mail.queue import MailQueue
from identity.mail_refusals import StoredRefusals
from identity.mailed_proofs import StoredProofs
from identity.outbox.models import OutboxMessage
from identity.outbox.store import LEASE, Deliveries
from identity.outbox.worker import Worker
from identity.residents.accounts.models import Resident
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks, LinkStatus
from identity.residents.one_time_codes.store import CHANGE_ADDRESS, CodeResult, OneTimeCodes
from mailed_codes import another

JANE = Recipient("jane@example.com", "en", None)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PENDING = "pending-registration"


class Post:
    """A service with a worker whose clock this test moves."""

    def __init__(self, storage, secret_keys, clock, mailer, mailbox) -> None:
        self.storage, self.secret_keys, self.clock, self.mailbox = storage, secret_keys, clock, mailbox
        self.waiting = {PENDING}
        waits = {
            purpose: lambda _tx, subject: subject in self.waiting
            for purpose in (Purpose.VERIFY_REGISTRATION, Purpose.VERIFY_FEDERATION)
        }
        proofs = StoredProofs(storage, secret_keys, waits)
        delivery = MailDelivery(mailer, proofs, StoredRefusals(storage), clock)
        self.worker = Worker(storage, secret_keys, [delivery], clock)

    def issue_link(self, tx, purpose, subject):
        now = self.clock.now()
        token = ActionLinks(tx).issue_link(
            purpose, subject, SignedContinuation("signed"), purpose.lifetime, now
        )
        return token, f"https://id.example.gov/page?token={token}&continue=x"

    def register(self):
        """Queue the mail of a registration; return its token and code."""
        with self.storage.transaction() as tx:
            token, link = self.issue_link(tx, Purpose.VERIFY_REGISTRATION, PENDING)
            code = OneTimeCodes(tx, self.secret_keys).issue_code(
                Purpose.VERIFY_REGISTRATION, PENDING, self.clock.now()
            )
            self.queue(tx, verify_registration(JANE, link=link, code=code))
        return token, code

    def ask_to_reset(self, resident, message=reset_password, purpose=Purpose.RESET_PASSWORD):
        with self.storage.transaction() as tx:
            token, link = self.issue_link(tx, purpose, resident.id)
            self.queue(tx, message(JANE, link=link))
        return token

    def queue(self, tx, mail):
        MailQueue(self.secret_keys, self.clock).send(tx, mail)

    def work_for(self, duration):
        """Let the worker look for due mail every five seconds."""
        end = self.clock.now() + duration
        while self.clock.now() < end:
            self.worker.run_once()
            self.clock.advance(5 * SECOND)

    def work_until_delivered(self):
        began = self.clock.now()
        while not self.mailbox.mails:
            assert self.clock.now() < began + HOUR
            self.work_for(5 * SECOND)
        return self.text()

    def text(self):
        (mail,) = self.mailbox.mails
        return " ".join(mail.get_body(("plain",)).get_content().split())

    def state(self):
        with self.storage.autocommit() as connection:
            return [row.state for row in connection.execute(OutboxMessage.__table__.select())]

    def claim_code(self, code, purpose=Purpose.VERIFY_REGISTRATION, subject=PENDING):
        with self.storage.transaction() as tx:
            return OneTimeCodes(tx, self.secret_keys).claim_code(purpose, subject, code, self.clock.now())

    def link_status(self, token, purpose=Purpose.VERIFY_REGISTRATION):
        with self.storage.transaction() as tx:
            return ActionLinks(tx).find_link(token, purpose, self.clock.now()).status


@pytest.fixture
def post(storage, secret_keys, clock, mailer, mailbox):
    return Post(storage, secret_keys, clock, mailer, mailbox)


@pytest.fixture
def greylist(mailbox, clock):
    """Return a function after which the mailbox takes mail only so long after the first attempt."""

    def greylist(wait, *, at="RCPT", answer="450 4.2.0 Greylisted, try again later"):
        first = []

        def answer_now():
            first.append(clock.now())
            return "250 OK" if clock.now() >= first[0] + wait else answer

        setattr(mailbox, {"RCPT": "answer_recipient", "DATA": "answer_data"}[at], answer_now)

    return greylist


@pytest.mark.parametrize("minutes", [5, 10, 15])
@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_a_code_that_greylisting_held_back_works_as_long_as_its_mail_says(post, greylist, clock, minutes, at):
    greylist(minutes * MINUTE, at=at)
    began = clock.now()
    token, code = post.register()
    text = post.work_until_delivered()
    assert clock.now() - began <= (minutes + 2) * MINUTE
    assert code in text
    assert "The code expires in 10 minutes" in text
    clock.advance(10 * MINUTE - 10 * SECOND)
    assert post.link_status(token) is LinkStatus.VALID
    assert post.claim_code(code) is CodeResult.RIGHT


def test_a_code_works_for_ten_minutes_from_its_mail_and_no_longer(post, greylist, clock):
    greylist(9 * MINUTE)
    _, code = post.register()
    post.work_until_delivered()
    clock.advance(10 * MINUTE)
    assert post.claim_code(code) is CodeResult.EXPIRED


def test_old_codes_are_kept_while_a_mail_may_bring_them(post, greylist, clock):
    _, code = post.register()
    clock.advance(15 * MINUTE)
    post.worker.clean()
    assert code in post.work_until_delivered()
    assert post.claim_code(code) is CodeResult.RIGHT


def test_guesses_before_the_mail_came_stay_counted(post, greylist, clock):
    greylist(9 * MINUTE)
    _, code = post.register()
    wrong = another(code)
    assert [post.claim_code(wrong) for _ in range(4)] == [CodeResult.WRONG] * 4
    post.work_until_delivered()
    assert post.claim_code(wrong) is CodeResult.EXHAUSTED
    assert post.claim_code(code) is CodeResult.EXHAUSTED


def test_after_an_outage_the_mail_of_a_registration_brings_its_link_alone(post, mailbox, clock):
    mailbox.answer = "451 out of order"
    token, code = post.register()
    post.work_for(21 * MINUTE)
    mailbox.answer = "250 OK"
    text = post.work_until_delivered()
    assert code not in text
    assert "The link expires in 24 hours" in text
    assert "10 minutes" not in text
    clock.advance(24 * HOUR - 10 * SECOND)
    assert post.link_status(token) is LinkStatus.VALID


def test_a_registration_of_yesterday_gets_no_mail(post, mailbox, clock):
    post.register()
    clock.advance(24 * HOUR)
    post.worker.run_once()
    assert (post.state(), mailbox.mails) == (["dropped"], [])


def test_a_reset_link_works_for_half_an_hour_from_its_mail(post, greylist, clock, add_resident):
    greylist(15 * MINUTE)
    token = post.ask_to_reset(add_resident())
    assert "The link expires in 30 minutes" in post.work_until_delivered()
    clock.advance(30 * MINUTE - 10 * SECOND)
    assert post.link_status(token, Purpose.RESET_PASSWORD) is LinkStatus.VALID


@pytest.mark.parametrize(
    ("message", "purpose"),
    [(reset_password, Purpose.RESET_PASSWORD), (account_locked, Purpose.UNLOCK)],
)
def test_help_of_an_hour_ago_is_not_mailed(post, mailbox, clock, add_resident, message, purpose):
    token = post.ask_to_reset(add_resident(), message, purpose)
    clock.advance(HOUR)
    post.worker.run_once()
    assert (post.state(), mailbox.mails) == (["dropped"], [])
    assert post.link_status(token, purpose) is LinkStatus.EXPIRED


def test_that_a_password_was_changed_is_told_for_days(post, storage, mailbox, clock):
    with storage.transaction() as tx:
        post.queue(tx, password_changed(JANE, reset_link="https://id.example.gov/forgot-password"))
    mailbox.answer = "451 out of order"
    post.worker.run_once()
    clock.advance(timedelta(days=3))
    mailbox.answer = "250 OK"
    assert "was changed" in post.work_until_delivered()


def test_of_two_mails_that_waited_only_the_newest_is_sent(post, greylist):
    greylist(5 * MINUTE)
    post.register()
    post.work_for(2 * MINUTE)
    new, code = post.register()
    assert code in post.work_until_delivered()
    post.work_for(2 * MINUTE)
    assert sorted(post.state()) == ["delivered", "dropped"]
    assert post.link_status(new) is LinkStatus.VALID


def test_a_link_that_was_used_meanwhile_is_not_sent_again(post, storage, mailbox, clock):
    mailbox.answer = "451 after the mail was taken"
    token, _ = post.register()
    post.work_for(MINUTE)
    with storage.transaction() as tx:
        ActionLinks(tx).claim_link(token, Purpose.VERIFY_REGISTRATION, clock.now())
    mailbox.answer = "250 OK"
    post.work_for(2 * MINUTE)
    assert (post.state(), mailbox.mails) == (["dropped"], [])
    assert post.link_status(token) is LinkStatus.SPENT


def test_a_registration_that_is_gone_gets_no_mail(post, mailbox):
    post.register()
    post.waiting.clear()
    post.worker.run_once()
    assert (post.state(), mailbox.mails) == (["dropped"], [])


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_resident_who_is_disabled_or_gone_gets_no_link(post, storage, mailbox, add_resident, now, is_gone):
    jane: Resident = add_resident()
    post.ask_to_reset(jane)
    with storage.transaction() as tx:
        if is_gone:
            Accounts(tx).delete_resident(jane.id)
        else:
            Accounts(tx).disable_resident(jane.id, now)
    post.worker.run_once()
    assert (post.state(), mailbox.mails) == (["dropped"], [])


def test_the_code_for_a_new_address_works_from_its_mail_or_is_not_sent(post, storage, greylist, clock):
    greylist(9 * MINUTE)
    with storage.transaction() as tx:
        codes = OneTimeCodes(tx, post.secret_keys)
        code = codes.issue_code(CHANGE_ADDRESS, "jane", clock.now())
        gone = codes.issue_code(CHANGE_ADDRESS, "john", clock.now())
        codes.delete_code(CHANGE_ADDRESS, "john")
        post.queue(tx, verify_new_address(JANE, code=code, code_subject="jane"))
        post.queue(tx, verify_new_address(JANE, code=gone, code_subject="john"))
    assert code in post.work_until_delivered()
    assert sorted(post.state()) == ["delivered", "dropped"]
    clock.advance(10 * MINUTE - 10 * SECOND)
    assert post.claim_code(code, CHANGE_ADDRESS, "jane") is CodeResult.RIGHT


def test_a_mail_that_arrives_twice_is_right_twice(post, storage, mailbox, clock, monkeypatch):
    def die(_deliveries, _claimed, _now):
        raise SystemExit

    _, code = post.register()
    with monkeypatch.context() as dying:
        dying.setattr(Deliveries, "mark_delivered", die)
        with pytest.raises(SystemExit):
            post.worker.run_once()
    clock.advance(LEASE)
    post.worker.run_once()
    bodies = [mail.get_body(("plain",)).get_content() for mail in mailbox.mails]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    clock.advance(9 * MINUTE)
    assert post.claim_code(code) is CodeResult.RIGHT


def test_a_mail_server_that_ends_the_connection_or_is_not_there_is_tried_again(post, mailbox, clock, mailer):
    mailbox.answer = "421 4.3.2 closing"
    _, code = post.register()
    post.work_for(MINUTE)
    assert post.state() == ["waiting"]
    mailbox.answer = "250 OK"
    assert code in post.work_until_delivered()


def test_a_mailbox_that_does_not_exist_is_not_tried_again(post, mailbox):
    mailbox.answer = "550 no such mailbox"
    post.register()
    post.work_for(2 * MINUTE)
    assert post.state() == ["failed"]
