import threading
import time
from datetime import UTC, datetime

import grpc
import pytest
from billing_link.errors import Refusal
from billing_link.rpc.error_status import code_of
from billing_link.rpc.health import check_health
from community_access.billing_link.v1 import billing_link_pb2 as pb
from half_sent_calls import begin_calls
from sqlalchemy import exc

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
RESOLVE = pb.ResolveAccountRequest(account_number="4215-1", customer_id="108734")
REMEMBER = pb.ResolveAccountRequest(account_number="4215-1", customer_id="108734", remember=True)
LIST = pb.ListLinkedAccountsRequest()


class TestTheFourCalls:
    def test_resolve_shows_the_account_as_the_ledger_has_it(self, served, call):
        answer = call("ResolveAccount", RESOLVE)
        assert not answer.HasField("link")
        assert answer.account == pb.UtilityAccount(
            account_number="004215-01",
            customer_id="108734",
            customer_name="Jane Example",
            service_address="7100 60th St N",
            status=pb.ACCOUNT_STATUS_ACTIVE,
            services=["water", "sewer"],
            balance_cents=7980,
            currency_code="USD",
            due_on="2026-11-26",
            last_payment=pb.Payment(paid_on="2026-10-20", amount_cents=8412),
            recent_bills=[
                pb.Bill(bill_number="B-2", billed_on="2026-11-05", due_on="2026-11-26", amount_cents=7980),
                pb.Bill(bill_number="B-1", billed_on="2026-10-05", due_on="2026-10-26", amount_cents=8412),
            ],
        )

    def test_a_closed_account_says_so_and_owes_nothing(self, served, call):
        request = pb.ResolveAccountRequest(account_number="3990-1", customer_id="107001")
        account = call("ResolveAccount", request).account
        assert (account.status, account.closed_on) == (pb.ACCOUNT_STATUS_CLOSED, "2026-03-31")
        assert (account.balance_cents, account.HasField("due_on"), account.HasField("last_payment")) == (
            0,
            False,
            False,
        )

    def test_remember_list_get_and_unlink(self, served, call, refusal):
        link = call("ResolveAccount", REMEMBER).link
        assert link.origin == pb.LINK_ORIGIN_RESIDENT
        assert not link.HasField("undo_until")
        assert link.linked_at.seconds > 0
        listed = call("ListLinkedAccounts", LIST)
        assert [linked.link for linked in listed.accounts] == [link]
        assert listed.auto_link_outcome == pb.AUTO_LINK_OUTCOME_NOT_TRIED
        read = call("GetAccount", pb.GetAccountRequest(link_id=link.link_id))
        assert read.account == listed.accounts[0]
        call("UnlinkAccount", pb.UnlinkAccountRequest(link_id=link.link_id))
        call("UnlinkAccount", pb.UnlinkAccountRequest(link_id=link.link_id))
        gone = refusal("GetAccount", pb.GetAccountRequest(link_id=link.link_id))
        assert (gone.code, gone.reason) == (grpc.StatusCode.NOT_FOUND, "REFUSAL_LINK_NOT_FOUND")

    def test_the_first_list_auto_links(self, served, call, identity):
        listed = call("ListLinkedAccounts", LIST, email="jane@example.com", email_verified=True)
        assert listed.auto_link_outcome == pb.AUTO_LINK_OUTCOME_LINKED
        (linked,) = listed.accounts
        assert linked.link.origin == pb.LINK_ORIGIN_AUTO
        assert linked.link.undo_until.seconds - linked.link.linked_at.seconds == 7 * 24 * 3600

    def test_a_notification_reaches_identity(self, served, call, identity):
        call("ResolveAccount", REMEMBER)
        for _ in range(100):
            if identity.notifications:
                break
            time.sleep(0.05)
        assert [sent["kind"] for sent in identity.notifications] == ["utility_account_linked"]


class TestRefusals:
    @pytest.mark.parametrize(
        "metadata",
        [
            [],
            [("authorization", "Basic amFuZTpwYXNz")],
            [("authorization", "Bearer")],
            [("authorization", "Bearer ")],
            [("authorization", "Bearer nonsense")],
            [("authorization", "Bearer a"), ("authorization", "Bearer b")],
        ],
    )
    def test_a_call_without_one_bearer_token(self, served, refusal, metadata):
        refused = refusal("ListLinkedAccounts", LIST, metadata=metadata)
        assert (refused.code, refused.reason) == (UNAUTHENTICATED, "REFUSAL_TOKEN_INVALID")
        assert refused.domain == "billing_link.community_access"

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"aud": "somebody else"}, "REFUSAL_TOKEN_INVALID"),
            ({"iss": "https://evil.example"}, "REFUSAL_TOKEN_INVALID"),
            ({"key": "stranger"}, "REFUSAL_TOKEN_INVALID"),
            ({"header": {"typ": "JWT"}}, "REFUSAL_TOKEN_INVALID"),
            ({"exp": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())}, "REFUSAL_TOKEN_EXPIRED"),
        ],
    )
    def test_a_token_that_does_not_verify(self, served, refusal, claims, reason):
        refused = refusal("ResolveAccount", RESOLVE, **claims)
        assert (refused.code, refused.reason) == (UNAUTHENTICATED, reason)

    @pytest.mark.parametrize("city", ["other-city", None])
    def test_a_city_that_is_not_served_here(self, served, refusal, city):
        refused = refusal("ListLinkedAccounts", LIST, city=city)
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "REFUSAL_CITY_UNKNOWN")

    @pytest.mark.parametrize(
        ("method", "request_", "scope", "lacks"),
        [
            ("ResolveAccount", RESOLVE, "billing.link", "billing.read"),
            ("ResolveAccount", REMEMBER, "billing.read", "billing.link"),
            ("ListLinkedAccounts", LIST, "openid", "billing.read"),
            ("GetAccount", pb.GetAccountRequest(link_id="x"), "billing.link", "billing.read"),
            ("UnlinkAccount", pb.UnlinkAccountRequest(link_id="x"), "billing.read", "billing.link"),
        ],
    )
    def test_a_token_without_the_scope(self, served, refusal, method, request_, scope, lacks):
        refused = refusal(method, request_, scope=scope)
        assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "REFUSAL_SCOPE_MISSING")
        assert refused.metadata == {"scope": lacks}

    @pytest.mark.parametrize(
        ("method", "request_", "field"),
        [
            ("ResolveAccount", pb.ResolveAccountRequest(customer_id="1"), "account_number"),
            ("ResolveAccount", pb.ResolveAccountRequest(account_number="1-1"), "customer_id"),
            (
                "ResolveAccount",
                pb.ResolveAccountRequest(account_number="1" * 65, customer_id="1"),
                "account_number",
            ),
            (
                "ResolveAccount",
                pb.ResolveAccountRequest(account_number="1-1", customer_id="1\0"),
                "customer_id",
            ),
            ("GetAccount", pb.GetAccountRequest(), "link_id"),
            ("GetAccount", pb.GetAccountRequest(link_id="x" * 33), "link_id"),
            ("UnlinkAccount", pb.UnlinkAccountRequest(link_id="\0"), "link_id"),
        ],
    )
    def test_a_field_that_is_empty_too_long_or_malformed(self, served, refusal, method, request_, field):
        refused = refusal(method, request_)
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REFUSAL_FIELD_INVALID")
        assert refused.metadata == {"field": field}

    def test_wrong_numbers_and_then_too_many_of_them(self, served, refusal):
        wrong = pb.ResolveAccountRequest(account_number="4215-1", customer_id="999999")
        answers = [refusal("ResolveAccount", wrong) for _ in range(7)]
        assert {(a.code, a.reason, a.text) for a in answers[:6]} == {
            (grpc.StatusCode.NOT_FOUND, "REFUSAL_ACCOUNT_NOT_FOUND", "No account has these two numbers.")
        }
        last = answers[6]
        assert (last.code, last.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "REFUSAL_TOO_MANY_ATTEMPTS")
        assert last.metadata["retry_after"] == "3600"
        assert (answers[0].retry_seconds, last.retry_seconds) == (0, 3600)

    def test_a_link_of_another_resident(self, served, call, refusal):
        link = call("ResolveAccount", REMEMBER).link
        refused = refusal("GetAccount", pb.GetAccountRequest(link_id=link.link_id), sub="stranger")
        assert refused.reason == "REFUSAL_LINK_NOT_FOUND"
        call("UnlinkAccount", pb.UnlinkAccountRequest(link_id=link.link_id), sub="stranger")
        assert len(call("ListLinkedAccounts", LIST).accounts) == 1

    def test_every_reason_is_one_of_the_contracts(self):
        for refusal in Refusal:
            assert pb.Refusal.Value(f"REFUSAL_{refusal.value}") > 0
            assert code_of(refusal) is not grpc.StatusCode.OK
        assert len(Refusal) == len(pb.Refusal.values()) - 1

    def test_a_request_that_is_too_large(self, served, refusal):
        refused = refusal("ResolveAccount", pb.ResolveAccountRequest(account_number="1" * 20_000))
        assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED


class TestTrouble:
    @pytest.fixture
    def identity_down(self, identity):
        identity.status, identity.body = 503, b"down"

    # Before the server starts, which fetches them.
    @pytest.mark.usefixtures("identity_down")
    def test_identity_is_down_and_its_keys_were_never_fetched(self, served, refusal):
        refused = refusal("ListLinkedAccounts", LIST)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.UNAVAILABLE,
            "REFUSAL_TEMPORARILY_UNAVAILABLE",
        )

    def test_the_database_is_down(self, served, server, refusal, replace_open_connection):
        def fail():
            raise exc.OperationalError(
                "SELECT secret FROM links", {"subject": "jane"}, RuntimeError("no route")
            )

        replace_open_connection(fail)
        refused = refusal("ListLinkedAccounts", LIST)
        assert (refused.code, refused.reason) == (
            grpc.StatusCode.UNAVAILABLE,
            "REFUSAL_TEMPORARILY_UNAVAILABLE",
        )
        assert refused.text == "Not available just now; try again."
        assert refused.retry_seconds == 10

    def test_an_unexpected_error_has_a_support_code_and_no_message_of_the_database(
        self, served, server, refusal, replace_open_connection, open_connection, logged
    ):

        def fail():
            if threading.current_thread().name == "health-probe":
                return open_connection()
            raise exc.ProgrammingError(
                "SELECT secret FROM links", {"subject": "jane"}, RuntimeError("column secret of 108734")
            )

        replace_open_connection(fail)
        refused = refusal("ListLinkedAccounts", LIST)
        assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "REFUSAL_INTERNAL")
        assert refused.text == "Something went wrong on our side."
        (defect,) = [line for line in logged if line.startswith("rpc.internal_error")]
        assert refused.metadata["support_code"] in defect
        assert "ProgrammingError" in defect
        assert "storage.py" in defect
        for private in ("secret", "jane", "108734"):
            assert private not in "".join(logged) + str(refused)

    def test_a_call_under_way_may_end_when_the_server_stops(
        self, served, server, call, refusal, replace_open_connection, open_connection
    ):
        call("ListLinkedAccounts", LIST)
        begun, release, answers = threading.Event(), threading.Event(), []

        def connect():
            if threading.current_thread().name.startswith("call"):
                begun.set()
                release.wait(5)
            return open_connection()

        replace_open_connection(connect)
        under_way = threading.Thread(target=lambda: answers.append(call("ResolveAccount", REMEMBER)))
        under_way.start()
        begun.wait(5)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.3)
        assert refusal("ListLinkedAccounts", LIST).code is grpc.StatusCode.UNAVAILABLE
        release.set()
        under_way.join()
        stopping.join()
        assert answers[0].link.link_id

    def test_a_deadline_is_honoured_without_doing_the_work(
        self, served, server, refusal, call, rows, replace_open_connection, open_connection
    ):
        call("ListLinkedAccounts", LIST)
        release = threading.Event()
        replace_open_connection(lambda: release.wait(5) and open_connection())
        slow = [threading.Thread(target=call, args=("ListLinkedAccounts", LIST)) for _ in range(4)]
        for thread in slow:
            thread.start()
        time.sleep(0.3)
        # Every thread is busy: this call waits for one until its caller has gone.
        late = refusal("ResolveAccount", REMEMBER, timeout=0.2)
        assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
        release.set()
        for thread in slow:
            thread.join()
        call("ListLinkedAccounts", LIST)
        assert rows("SELECT * FROM links") == []


def test_the_log_names_the_call_and_no_personal_data(served, call, refusal, logged):
    call("ResolveAccount", REMEMBER, email="jane@example.com", email_verified=True)
    refusal("ResolveAccount", pb.ResolveAccountRequest(account_number="4215-1", customer_id="999999"))
    assert ["ResolveAccount" in line for line in logged] == [True, True]
    assert "ACCOUNT_NOT_FOUND" in logged[1]
    for private in ("jane", "4215", "108734", "999999", "Example", "eyJ"):
        assert private not in "".join(logged)


def test_calls_whose_request_never_comes_hold_no_other_up(served, call, server):
    path = "/community_access.billing_link.v1.BillingLinkService/ListLinkedAccounts"
    with begin_calls(server.port, path, 100), begin_calls(server.port, path, 100):
        time.sleep(0.5)
        began = time.monotonic()
        call("ListLinkedAccounts", LIST)
        assert check_health(f"127.0.0.1:{server.port}") == "SERVING"
        assert time.monotonic() - began < 2
