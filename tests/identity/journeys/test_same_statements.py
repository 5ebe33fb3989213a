"""Pages that name no account send PostgreSQL the same statements for every address (ASVS 5.0 §6.3.8).

An answer in the same words still tells by its time who has an ID, if one address costs a statement more. The
lists are compared by text and number, and those that write also by the rows they write.
"""

from datetime import timedelta

import pytest
from identity.rate_limits.mail_budget import MailBudget
from identity.residents.accounts.models import SignInMethod
from identity.residents.passwords.store import Passwords
from sent_statements import sent_statements

pytestmark = pytest.mark.database("postgresql")

PASSWORD = "seven herons over the pond"
# Their statements write the same rows, too.
ALIKE = ("resident", "unknown", "federated", "disabled", "unverified")
# These were mailed before, or want no mails.
KINDS = (*ALIKE, "pending", "stopped")


@pytest.fixture
def addresses_of(add_resident, disable, storage, hasher, now, sign_up, make_browser, secret_keys):
    """Return an address of each kind."""

    def add(kind, **changes: object):
        added = add_resident(f"{kind}@example.com", **changes)
        if "sign_in_method" not in changes:
            with storage.transaction() as tx:
                Passwords(tx).set_password(added.id, hasher.hash(PASSWORD), now)
        return added.id

    for kind in ("resident", "stopped"):
        add(kind)
    sign_up("pending@example.com", make_browser("198.18.99.7"))
    with storage.transaction() as tx:
        MailBudget(secret_keys, "https://id#{}".format).stop(tx, "stopped@example.com", now)
    add("unverified", address_verified=False)
    add("federated", sign_in_method=SignInMethod.GOOGLE)
    disable(add("disabled"))
    return {kind: f"{kind}@example.com" for kind in KINDS}


def post(browser, action, fields):
    """Send a form, without a look at the page that follows."""
    return browser.client.post(action, data=fields, environ_base={"REMOTE_ADDR": browser.address})


class Recorder:
    """The statements that this process sends, and the rows that the writing ones touch."""

    def of(self, act):
        """Return what was sent while `act` ran."""
        with sent_statements() as sent:
            act()
        # Counts are kept for all requests together and written now and then.
        return [
            (statement, 0 if statement.lstrip().upper().startswith("SELECT") else rows)
            for statement, rows in sent
            if "event_counts" not in statement
        ]


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def compare(recorder, addresses_of):
    """Return a function that does the same with the address of each kind, and compares what was sent."""

    def compare(act, *, rows=True):
        # What is cached for a minute is read by the first request.
        act("warm-up@example.com")
        lists = {kind: recorder.of(lambda kind=kind: act(addresses_of[kind])) for kind in KINDS}
        for kind in KINDS:
            assert [text for text, _ in lists[kind]] == [text for text, _ in lists["unknown"]], kind
        for kind in ALIKE if rows else ():
            assert lists[kind] == lists["unknown"], kind
        assert len(lists["unknown"]) > 3

    return compare


@pytest.fixture
def fill_in(make_browser, at):
    """Return a function that sends a page's form, without what comes after it."""
    browsers = {}

    def send(path, button, address="203.0.113.7", **fields: str):
        browser = browsers.setdefault(address, make_browser(address))
        browser.open(at(path))
        action, present = browser.page.form(button)
        return lambda email: post(browser, action, present | fields | {"email": email})

    return send


class TestAskingForHelp:
    @pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
    def test_the_first_time_and_every_other(self, compare, fill_in, path):
        ask = fill_in(path, "Send Email")
        for _ in range(3):
            compare(ask)

    @pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
    def test_when_strangers_used_up_the_budget(self, compare, fill_in, path, addresses_of):
        for number in range(8):
            stranger = fill_in(path, "Send Email", address=f"198.18.{number}.7")
            for email in addresses_of.values():
                stranger(email)
        compare(fill_in(path, "Send Email"))

    def test_whether_a_mail_is_sent_or_not(self, recorder, fill_in, addresses_of):
        ask = fill_in("/forgot-password", "Send Email")
        first, second = (
            recorder.of(lambda kind=kind: ask(addresses_of[kind])) for kind in ("resident", "resident")
        )
        assert [statement for statement, _ in first] == [statement for statement, _ in second]

    @pytest.mark.parametrize("path", ["/forgot-password", "/unlock-account"])
    def test_when_sign_ins_wait(self, compare, fill_in, path, addresses_of):
        wrong = fill_in("/sign-in", "Sign in", address="198.18.0.7", password="wrong password")
        for email in addresses_of.values():
            for _ in range(6):
                wrong(email)
        compare(fill_in(path, "Send Email"))


class TestRightPasswords:
    def test_nine_statements_and_no_more(self, recorder, fill_in, addresses_of):
        right = fill_in("/sign-in", "Sign in", password=PASSWORD)
        assert len(recorder.of(lambda: right(addresses_of["resident"]))) == 9


class TestWrongPasswords:
    def test_the_first_the_tenth_and_in_a_wait(self, compare, fill_in, clock):
        wrong = fill_in("/sign-in", "Sign in", password="wrong password")
        for _ in range(12):
            # Whether a notice finds a place differs by what was told before.
            compare(wrong, rows=False)
            clock.advance(timedelta(minutes=2))


class TestSigningUp:
    def test_free_taken_pending_and_disabled_addresses(self, compare, fill_in):
        fields = {"password": PASSWORD, "first_name": "Nia", "last_name": "Lopez"}
        submit = fill_in("/sign-up", "Sign up", **fields)
        for _ in range(3):
            compare(submit)

    def test_sending_it_again(self, recorder, make_browser, sign_up, addresses_of, clock):
        for wait in (timedelta(minutes=2), timedelta(minutes=2), timedelta(minutes=2)):
            lists = {}
            for kind, email in addresses_of.items():
                browser = make_browser()
                sign_up(email, browser)
                clock.advance(wait)
                action, fields = browser.page.form("Send it again")
                lists[kind] = recorder.of(
                    lambda browser=browser, action=action, fields=fields: post(browser, action, fields)
                )
            for kind in KINDS:
                assert [text for text, _ in lists[kind]] == [text for text, _ in lists["unknown"]], kind
