"""What other parties publish is kept, asked for again when it is due, and outlives a failed server."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from identity.clock import FixedClock
from identity.outbound_http import OutboundHttpError
from identity.published_documents import Jwk, PublishedDocument, PublishedKeySet, Retention, keys_of

MINUTE = timedelta(minutes=1)
RETENTION = Retention(lifetime=5 * MINUTE, stale=60 * MINUTE, pause=MINUTE)
CLIENT_CHOSEN = Retention(lifetime=5 * MINUTE, stale=60 * MINUTE, pause=MINUTE, is_client_chosen=True)


class Server:
    """Publishes keys of these ids, unless it is down."""

    def __init__(self, *kids: str) -> None:
        self.kids, self.asked, self.is_down = list(kids), 0, False

    def fetch(self) -> Sequence[Jwk]:
        self.asked += 1
        if self.is_down:
            raise OutboundHttpError("status 503")
        return [{"kid": kid} for kid in self.kids]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def server() -> Server:
    return Server("old")


@pytest.fixture(params=[RETENTION, CLIENT_CHOSEN], ids=["operators", "clients"])
def key_set(request: pytest.FixtureRequest, server: Server, clock: FixedClock) -> PublishedKeySet:
    return PublishedKeySet(server.fetch, request.param, clock)


def test_keys_are_kept_for_their_lifetime(key_set: PublishedKeySet, server: Server, clock: FixedClock):
    for _ in range(3):
        assert key_set.keys("old") == [{"kid": "old"}]
    assert server.asked == 1
    clock.advance(RETENTION.lifetime)
    key_set.keys()
    assert server.asked == 2


def test_keys_outlive_a_failure_of_their_server_for_a_while(
    key_set: PublishedKeySet, server: Server, clock: FixedClock
):
    key_set.keys()
    server.is_down = True
    clock.advance(RETENTION.stale - MINUTE)
    assert key_set.keys() == [{"kid": "old"}]
    assert key_set.keys() == [{"kid": "old"}]
    assert server.asked == 2
    clock.advance(MINUTE)
    with pytest.raises(OutboundHttpError, match="status 503"):
        key_set.keys()


def test_unknown_keys_cannot_cause_a_request_each(
    key_set: PublishedKeySet, server: Server, clock: FixedClock
):
    key_set.keys()
    clock.advance(MINUTE)
    for _ in range(5):
        key_set.keys("unknown")
    assert server.asked == 2


def test_a_new_key_is_found_at_once_where_an_operator_chose_the_address(server: Server, clock: FixedClock):
    key_set = PublishedKeySet(server.fetch, RETENTION, clock)
    key_set.keys()
    server.kids.append("new")
    assert {"kid": "new"} in key_set.keys("new")


def test_a_new_key_is_found_after_the_pause_where_a_client_chose_the_address(
    server: Server, clock: FixedClock
):
    key_set = PublishedKeySet(server.fetch, CLIENT_CHOSEN, clock)
    key_set.keys()
    server.kids.append("new")
    assert {"kid": "new"} not in key_set.keys("new")
    clock.advance(MINUTE)
    assert {"kid": "new"} in key_set.keys("new")


@pytest.mark.parametrize(("retention", "asked"), [(RETENTION, 3), (CLIENT_CHOSEN, 1)])
def test_a_server_that_failed_at_first(server: Server, clock: FixedClock, retention: Retention, asked: int):
    """It is asked again at once, unless a client chose it."""
    server.is_down = True
    key_set = PublishedKeySet(server.fetch, retention, clock)
    for _ in range(3):
        with pytest.raises(OutboundHttpError):
            key_set.keys()
    assert server.asked == asked


@pytest.mark.parametrize("retention", [RETENTION, CLIENT_CHOSEN])
def test_threads_that_need_a_first_document_wait_for_one_request(clock: FixedClock, retention: Retention):
    asked, may_answer = [], Event()

    def fetch() -> str:
        asked.append(1)
        may_answer.wait(5)
        return "document"

    document = PublishedDocument(fetch, retention, clock)
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(document.get) for _ in range(4)]
        may_answer.set()
        assert [answer.result() for answer in answers] == ["document"] * 4
    assert len(asked) == 1


@pytest.mark.parametrize("retention", [RETENTION, CLIENT_CHOSEN])
def test_threads_with_a_document_do_not_wait_for_a_newer_one(clock: FixedClock, retention: Retention):
    is_asked, may_answer = Event(), Event()
    may_answer.set()

    def fetch() -> str:
        is_asked.set()
        may_answer.wait(5)
        return "document"

    document = PublishedDocument(fetch, retention, clock)
    document.get()
    clock.advance(retention.lifetime)
    is_asked.clear()
    may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(document.get)
        assert is_asked.wait(5)
        assert document.get() == "document"
        assert not slow.done()
        may_answer.set()


def test_only_the_first_keys_of_a_set_count_and_of_them_the_usable():
    content = {"keys": [{"kid": "a", "use": "enc"}, "nonsense", {"kid": "b"}, {"kid": "c"}]}
    assert keys_of(content, 3, lambda jwk: jwk.get("use") != "enc") == [{"kid": "b"}]


@pytest.mark.parametrize("content", [None, [], {}, {"keys": {}}, "keys"])
def test_anything_else_is_no_key_set(content: object):
    with pytest.raises(OutboundHttpError, match="JWK Set"):
        keys_of(content, 3, lambda _jwk: True)


@pytest.mark.parametrize("retention", [RETENTION, CLIENT_CHOSEN])
def test_few_threads_wait_for_a_server(clock: FixedClock, retention: Retention):
    asked, may_answer = Event(), Event()

    def fetch() -> str:
        asked.set()
        may_answer.wait(5)
        return "document"

    document = PublishedDocument(fetch, retention, clock)
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(document.get) for _ in range(8)]
        asked.wait(5)
        # Those that are not held have an answer, which is a refusal.
        refused = [each for each in answers if each in wait(answers, timeout=0.2).done]
        assert len(refused) == 4
        may_answer.set()
        assert sum(each.exception() is None for each in answers) == 4


def test_few_threads_wait_for_the_servers_of_all_clients(clock: FixedClock):
    may_answer = Event()

    def fetch() -> str:
        may_answer.wait(5)
        return "document"

    def ask(documents: list[PublishedDocument[str]]) -> int:
        """Return how many of eight threads, each of another document, are refused at once."""
        with ThreadPoolExecutor(8) as threads:
            answers = [threads.submit(document.get) for document in documents]
            refused = wait(answers, timeout=0.3).done
            may_answer.set()
        may_answer.clear()
        return len(refused)

    # A client may register many addresses that do not answer; operators name few.
    assert ask([PublishedDocument(fetch, CLIENT_CHOSEN, clock) for _ in range(8)]) == 4
    assert ask([PublishedDocument(fetch, RETENTION, clock) for _ in range(8)]) == 0
