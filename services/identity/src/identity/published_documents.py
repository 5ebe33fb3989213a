"""Documents and key sets that other parties publish: fetched when first needed, and kept for a while."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

from identity.clock import Clock
from identity.outbound_http import OutboundHttpError

T = TypeVar("T")
# A JSON Web Key (RFC 7517 §4) as it was published.
Jwk = Mapping[str, object]
# Of the requests that a process works on at a time (`web.admission`), so many wait while another one asks,
# for so many seconds: a server that does not answer must not hold them all.
_MOST_WAITING, _LONGEST_WAIT = 3, 5.0
# So many ask or wait for documents at addresses that clients chose: a client may have many, all silent.
_ASKING_CLIENTS = BoundedSemaphore(_MOST_WAITING + 1)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long a fetched document is used, and how often its server is asked."""

    # After this it is fetched again.
    lifetime: timedelta
    # While the server fails, the last document is used for so long.
    stale: timedelta
    # Between two requests.
    pause: timedelta
    # A client chose the address: the pause holds after each request, also a first and a failed one, and only
    # threads without a document wait for the server. Otherwise a document that is missing, or outdated right
    # after it was fetched, is asked for at once, and threads wait for the newer one.
    is_client_chosen: bool = False


@dataclass(frozen=True)
class _Copy(Generic[T]):
    document: T
    fetched_at: datetime


class PublishedDocument(Generic[T]):
    """One document at one address. Many threads may read one; no two of them ask its server at a time.

    `fetch` returns the document; raises `OutboundHttpError`.
    """

    def __init__(self, fetch: Callable[[], T], retention: Retention, clock: Clock) -> None:
        self._fetch, self._retention, self._clock = fetch, retention, clock
        self._copy: _Copy[T] | None = None
        self._asked_at: datetime | None = None
        self._requests, self._fault = 0, "no answer yet"
        self._asking, self._waiting = Lock(), BoundedSemaphore(_MOST_WAITING)

    def get(self, is_outdated: Callable[[T], bool] = lambda _document: False) -> T:
        """Return the document; raises `OutboundHttpError` if there is none that may still be used.

        `is_outdated`: tells from the document that the server has a newer one.
        """
        usable, seen = self._usable(), self._requests
        is_lacking = usable is None or is_outdated(usable.document)
        if self._is_due(usable, is_lacking=is_lacking):
            waits = usable is None or (is_lacking and not self._retention.is_client_chosen)
            with self._turn(waits=waits) as may_ask:
                # Unless another thread asked while this one waited.
                if may_ask and self._requests == seen:
                    self._ask(had_document=usable is not None)
            usable = self._usable()
        if usable is None:
            raise OutboundHttpError(self._fault)
        return usable.document

    @contextmanager
    def _turn(self, *, waits: bool) -> Iterator[bool]:
        """Be the thread that asks, perhaps after a while; False if another one is, or too many are."""
        if not self._retention.is_client_chosen:
            with self._turn_here(waits=waits) as may_ask:
                yield may_ask
        elif _ASKING_CLIENTS.acquire(blocking=False):
            try:
                with self._turn_here(waits=waits) as may_ask:
                    yield may_ask
            finally:
                _ASKING_CLIENTS.release()
        else:
            yield False

    @contextmanager
    def _turn_here(self, *, waits: bool) -> Iterator[bool]:
        may_ask = self._asking.acquire(blocking=False) or (waits and self._wait())
        try:
            yield may_ask
        finally:
            if may_ask:
                self._asking.release()

    def _wait(self) -> bool:
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._asking.acquire(timeout=_LONGEST_WAIT)
        finally:
            self._waiting.release()

    def _usable(self) -> _Copy[T] | None:
        copy = self._copy
        is_usable = copy is not None and self._clock.now() < copy.fetched_at + self._retention.stale
        return copy if is_usable else None

    def _is_due(self, usable: _Copy[T] | None, *, is_lacking: bool) -> bool:
        now = self._clock.now()
        if usable is None and not self._retention.is_client_chosen:
            return True
        if self._asked_at is not None and now < self._asked_at + self._retention.pause:
            return False
        return is_lacking or usable is None or now >= usable.fetched_at + self._retention.lifetime

    def _ask(self, *, had_document: bool) -> None:
        now = self._clock.now()
        try:
            self._copy = _Copy(self._fetch(), now)
        except OutboundHttpError as error:
            self._fault = str(error)
        if had_document or self._retention.is_client_chosen:
            self._asked_at = now
        self._requests += 1


class PublishedKeySet:
    """The keys of the JWK Set (RFC 7517 §5) at one address. A key that is not known yet is asked for.

    `fetch` returns the keys, as `keys_of` reads them; raises `OutboundHttpError`.
    """

    def __init__(self, fetch: Callable[[], Sequence[Jwk]], retention: Retention, clock: Clock) -> None:
        self._document = PublishedDocument(fetch, retention, clock)

    def keys(self, kid: str | None = None) -> Sequence[Jwk]:
        """Return the keys; raises `OutboundHttpError` if there are none that may still be used.

        `kid`: the key that is looked for. A set without it is fetched again.
        """
        return self._document.get(lambda keys: kid is not None and all(key.get("kid") != kid for key in keys))


def keys_of(content: object, most_keys: int, is_usable: Callable[[Jwk], bool]) -> Sequence[Jwk]:
    """Return the usable ones among the first keys of a JWK Set; it may hold others, for other purposes.

    Raises `OutboundHttpError` if the content is no JWK Set.
    """
    keys = content.get("keys") if isinstance(content, Mapping) else None
    if not isinstance(keys, list):
        raise OutboundHttpError("the answer is not a JWK Set")
    return [key for key in keys[:most_keys] if isinstance(key, Mapping) and is_usable(key)]
