import threading
import time
from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from billing_link.clock import FixedClock, SystemClock
from billing_link.config import ServerSettings
from billing_link.errors import Refusal, Refused, UnavailableError
from billing_link.outbound_http import OutboundHttp
from billing_link.server import Server
from billing_link.tokens import issuer_keys, revocations, security_event_source
from billing_link.tokens.issuer_keys import IssuerKeys
from billing_link.tokens.revocations import TOKEN_LIFE, RevocationPoller, RevokedSessions
from billing_link.tokens.security_event_source import IdentitySecurityEvents
from billing_link.tokens.security_events import SESSION_REVOKED
from billing_link.tokens.verifier import Verifier
from billing_link.trusted_authorities import TrustedAuthorities
from community_access.billing_link.v1 import billing_link_pb2, billing_link_pb2_grpc

KEYS_HTTP = OutboundHttp(issuer_keys.LIMITS, TrustedAuthorities())
EVENTS_HTTP = OutboundHttp(security_event_source.LIMITS, TrustedAuthorities())

AUDIENCE = "urn:community-access:billing-link"


@pytest.fixture
def now():
    return FixedClock(SystemClock().now())


@pytest.fixture
def revoked():
    return RevokedSessions()


@pytest.fixture
def verifier(identity, revoked, now):
    return Verifier(IssuerKeys(identity.issuer, KEYS_HTTP), revoked, audience=AUDIENCE, clock=now)


@pytest.fixture
def seconds():
    """Return a clock for the keys, in seconds, that a test moves."""
    return [0.0]


@pytest.fixture
def poller(identity, revoked, now, seconds):
    source = IdentitySecurityEvents(identity.issuer, AUDIENCE, "a secret:with+signs", EVENTS_HTTP)
    keys = IssuerKeys(identity.issuer, KEYS_HTTP, seconds=lambda: seconds[0])
    return RevocationPoller(source, keys, revoked, now, audience=AUDIENCE)


@pytest.fixture
def logged(monkeypatch):
    """Return the log's lines: name and facts."""
    lines = []

    class Log:
        def __getattr__(self, _level: str) -> Callable[..., None]:
            return lambda event, **facts: lines.append((event, facts))

    monkeypatch.setattr(revocations, "log", Log())
    return lines


def is_refused(verifier, token):
    return verifier.verify(token) == Refused(Refusal.TOKEN_INVALID)


def test_a_token_of_a_session_that_ended_is_refused_even_if_it_was_verified_before(
    identity, verifier, poller
):
    token, other = identity.token(), identity.token(sid="session-2")
    assert not is_refused(verifier, token)
    identity.events.append(identity.event("session-1"))
    poller.poll()
    assert is_refused(verifier, token)
    assert not is_refused(verifier, other)


def test_a_token_issued_after_the_end_is_one_that_may_outlive_the_session(identity, verifier, poller, now):
    identity.events.append(identity.event("session-1"))
    poller.poll()
    later = int(now.now().timestamp()) + 5
    assert not is_refused(verifier, identity.token(iat=later, exp=later + 300))


def test_it_begins_with_what_ended_while_a_token_could_still_be_alive(identity, poller, now):
    poller.poll()
    identity.events.append(identity.event("session-1"))
    poller.poll()
    poller.poll()
    first, *others = identity.polls
    assert first["since"] == int((now.now() - TOKEN_LIFE).timestamp())
    assert [poll["after"] for poll in others] == [0, 1]
    assert all(poll["returnImmediately"] for poll in identity.polls)


def test_each_process_sees_every_event(identity, now, poller, revoked):
    mine = RevokedSessions()
    source = IdentitySecurityEvents(identity.issuer, AUDIENCE, "secret", EVENTS_HTTP)
    other = RevocationPoller(
        source,
        IssuerKeys(identity.issuer, KEYS_HTTP),
        mine,
        now,
        audience=AUDIENCE,
    )
    identity.events.append(identity.event("session-1"))
    poller.poll()
    other.poll()
    assert (len(revoked), len(mine)) == (1, 1)


def test_it_returns_whether_there_are_more_events(identity, poller, revoked):
    token = identity.event("session-1")
    identity.events += [token] * 100 + [identity.event("session-2")]
    assert poller.poll()
    assert not poller.poll()
    assert len(revoked) == 2


def test_a_session_is_dropped_when_its_tokens_have_expired(identity, poller, revoked, now):
    identity.events.append(identity.event("session-1"))
    poller.poll()
    now.advance(TOKEN_LIFE - timedelta(seconds=1))
    poller.poll()
    assert len(revoked) == 1
    now.advance(timedelta(seconds=5))
    poller.poll()
    assert len(revoked) == 0


def test_it_authenticates_with_http_basic(identity, poller):
    poller.poll()
    # urn%3Acommunity-access%3Abilling-link:a+secret%3Awith%2Bsigns
    assert identity.polls[0]["authorization"] == (
        "Basic dXJuJTNBY29tbXVuaXR5LWFjY2VzcyUzQWJpbGxpbmctbGluazphK3NlY3JldCUzQXdpdGglMkJzaWducw=="
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another"},
        {"aud": [AUDIENCE, "another"]},
        {"aud": None},
        {"events": None},
        {"events": []},
        {"events": {SESSION_REVOKED: None}},
        {"events": {SESSION_REVOKED: {"event_timestamp": "now"}}},
        {"events": {SESSION_REVOKED: {"event_timestamp": True}}},
        {"events": {SESSION_REVOKED: {"event_timestamp": 10**30}}},
        {"sub_id": None},
        {"sub_id": "session-1"},
        {"sub_id": {"session": {"id": 5}}},
        {"sub_id": {"session": {"id": "x" * 256}}},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "at+jwt"}},
        {"header": {"kid": "unknown"}},
        {"header": {"jku": "https://evil.example/jwks"}},
        {"key": "stranger"},
    ],
)
def test_an_event_with_one_thing_wrong_ends_no_session_and_is_logged(
    identity, poller, revoked, logged, now, changes
):
    identity.events += [identity.event("session-1", **changes), identity.event("session-2")]
    poller.poll()
    assert not revoked.ended_after("session-1", now.now() - timedelta(minutes=1))
    assert revoked.ended_after("session-2", now.now() - timedelta(minutes=1))
    assert [name for name, _ in logged] == ["revocations.unreadable"]


def test_an_event_about_something_else_is_let_pass(identity, poller, revoked, logged):
    other = {"https://schemas.openid.net/secevent/risc/event-type/account-purged": {}}
    identity.events.append(identity.event("session-1", events=other))
    assert not poller.poll()
    assert (len(revoked), logged) == (0, [])


def test_an_event_that_cannot_be_read_is_read_again_but_not_for_ever(
    identity, poller, revoked, logged, seconds
):
    identity.events.append(identity.event("session-1", key="new"))
    for _ in range(5):
        poller.poll()
    assert len(revoked) == 0
    identity.published.append(identity.keys["new"].as_dict(private=False))
    # The keys are fetched again ten seconds after the last time.
    seconds[0] += 10
    poller.poll()
    assert len(revoked) == 1
    identity.events.append("nonsense")
    for _ in range(15):
        poller.poll()
    poller.poll()
    assert identity.polls[-1]["after"] == 2


class TestWhileIdentityIsAway:
    @pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
    def test_any_other_answer_is_none(self, identity, poller, status):
        identity.poll_status = status
        with pytest.raises(UnavailableError, match=str(status)):
            poller.poll()

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{}",
            b'{"sets": [], "cursor": 1}',
            b'{"sets": {}, "cursor": "1"}',
            b"[" * 9000,
            b" " * 1_100_000,
        ],
    )
    def test_so_is_what_is_no_answer(self, identity, poller, body):
        identity.poll_body = body
        with pytest.raises(UnavailableError):
            poller.poll()

    def test_calls_go_on_and_the_log_says_for_how_long(
        self, identity, poller, verifier, revoked, now, logged, monkeypatch
    ):
        # Private, since no caller chooses it: two seconds between polls would make this test take minutes.
        monkeypatch.setattr(revocations, "_SECONDS_BETWEEN_POLLS", 0.01)
        good, gone = identity.token(), identity.token(sid="session-2")
        identity.events.append(identity.event("session-2"))
        poller.poll()
        identity.poll_status = 503
        stop = threading.Event()
        thread = threading.Thread(target=poller.run, args=(stop,))
        thread.start()
        try:
            wait_until(lambda: len(identity.polls) > 5)
            assert [name for name, _ in logged] == ["revocations.stale"]
            now.advance(timedelta(seconds=61))
            wait_until(lambda: len(logged) == 2)
            assert logged[1][1]["stale_seconds"] == 61
            assert not is_refused(verifier, good)
            assert is_refused(verifier, gone)
            identity.poll_status = 200
            wait_until(lambda: len(logged) == 3)
            assert logged[2] == ("revocations.current_again", {"stale_seconds": 61})
            assert poller.staleness == timedelta(0)
        finally:
            stop.set()
            thread.join()

    def test_the_thread_outlives_any_fault(self, poller, logged, monkeypatch):
        stop = threading.Event()

        def fail() -> bool:
            stop.set()
            raise RuntimeError("words that stay out of the log")

        monkeypatch.setattr(poller, "poll", fail)
        poller.run(stop)
        assert [name for name, _ in logged] == ["revocations.failed"]
        assert "words" not in str(logged)


def test_the_server_refuses_a_session_that_ended_within_seconds(database_url, identity):
    settings = ServerSettings(
        database_url=database_url,
        issuer=identity.issuer,
        resource_secret="secret",
        threads=4,
    ).model_copy(update={"bind": "127.0.0.1:0"})
    server = Server(settings)
    server.start()
    metadata = [("authorization", f"Bearer {identity.token()}")]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        stub = billing_link_pb2_grpc.BillingLinkServiceStub(channel)

        def refusal():
            try:
                stub.ListLinkedAccounts(
                    billing_link_pb2.ListLinkedAccountsRequest(), metadata=metadata, timeout=5
                )
            except grpc.RpcError as error:
                return error.code()
            return None

        before = refusal()
        identity.events.append(identity.event("session-1"))
        started = time.monotonic()
        wait_until(lambda: refusal() is grpc.StatusCode.UNAUTHENTICATED)
        assert time.monotonic() - started < 5
        assert before is not grpc.StatusCode.UNAUTHENTICATED
    server.stop(grace=0)


def wait_until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
