"""Request bodies: read within a size and a time, while no thread waits for them."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic, sleep

from portal.web_server.rsgi import BodyStream, Future, HttpProtocol

# Bytes of a body that the application gets; its own limits are no higher. Of a longer one it gets the length
# alone, after up to so many bytes are read and dropped: a server that responds and closes while a proxy still
# sends makes the proxy say "502".
KEPT_BYTES, MOST_BYTES = 64 * 1024, 1024 * 1024
# Pieces of one body: a chunk (RFC 9112 §7.1) of one byte costs as much as one of 8 kB.
MOST_PIECES = 2_000
# From the end of the headers to the end of the body, and between two looks at the bodies that are late.
SECONDS, _TURN = 10.0, 0.25


@dataclass(frozen=True, slots=True)
class Framing:
    """What the headers say of a body: its length (None: it is in chunks), and whether trailers follow."""

    length: int | None
    trailers: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A body with its length; of one that is too long, `content` is empty."""

    content: bytes
    length: int


Whole = Callable[[Body], None]
Failed = Callable[[HTTPStatus], None]


class BodyReader:
    """Reads bodies, and calls back with each: whole, or 408 after the time, or 400 if it cannot be read.

    A body that its sender cut off is not a whole one. The callbacks run in the threads of the web server.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        # In the order of their beginnings, and so of their deadlines.
        self._open: OrderedDict[_Reading, None] = OrderedDict()
        threading.Thread(target=self._end_late_ones, name="body-deadlines", daemon=True).start()

    def read(self, protocol: HttpProtocol, framing: Framing, whole: Whole, failed: Failed) -> None:
        """Begin to read the body of a request."""
        reading = _Reading(framing, whole, failed, self._close)
        reading.deadline = monotonic() + self._seconds
        self._open[reading] = None
        reading.start(protocol)

    def _close(self, reading: "_Reading") -> bool:
        """Tell whether it was open: one of two threads ends it."""
        return self._open.pop(reading, reading) is None

    def _end_late_ones(self) -> None:
        while True:
            sleep(_TURN)
            with suppress(StopIteration, RuntimeError):  # there is none, or the first one changed meanwhile
                while self._end_a_late_one():
                    pass

    def _end_a_late_one(self) -> bool:
        oldest = next(iter(self._open))
        if oldest.deadline > monotonic():
            return False
        oldest.fail(HTTPStatus.REQUEST_TIMEOUT)
        return True


class _Reading:
    """One body on its way."""

    def __init__(
        self, framing: Framing, whole: Whole, failed: Failed, close: "Callable[[_Reading], bool]"
    ) -> None:
        self._framing, self._whole, self._failed, self._close = framing, whole, failed, close
        self._pieces: list[bytes] = []
        self._number = self._empty = self._size = 0
        self._future: Future | None = None
        self.deadline = 0.0

    def start(self, protocol: HttpProtocol) -> None:
        length = self._framing.length
        if length is not None and length <= KEPT_BYTES:
            self._future = protocol()
            self._future.add_done_callback(self._collected)
        else:
            self._read_on(protocol.__aiter__())

    def fail(self, status: HTTPStatus) -> None:
        if self._close(self):
            future = self._let_go()
            self._failed(status)
            if future is not None:
                future.cancel()

    def _collected(self, future: Future) -> None:
        if future.cancelled():
            return
        try:
            content = future.result()
        except RuntimeError:  # granian's, of a body that was cut off
            self.fail(HTTPStatus.BAD_REQUEST)
        else:
            self._end(Body(content, len(content)))

    def _read_on(self, stream: BodyStream) -> None:
        """Read pieces until one of them has to be waited for, or none is left."""
        while True:
            try:
                self._future = future = stream.__anext__()
            except StopAsyncIteration:
                self._end_of_stream()
                return
            if not future.done():
                future.add_done_callback(lambda done: self._piece(stream, done))
                return
            if not self._takes(future):
                return

    def _piece(self, stream: BodyStream, future: Future) -> None:
        if self._takes(future):
            self._read_on(stream)

    def _takes(self, future: Future) -> bool:
        """Take one piece; tells whether to read on."""
        if future.cancelled():
            return False
        piece = future.result()
        self._number += 1
        self._empty += not piece
        self._size += len(piece)
        if self._size <= KEPT_BYTES:
            self._pieces.append(piece)
        else:
            self._pieces.clear()
        if self._number > MOST_PIECES:
            self.fail(HTTPStatus.BAD_REQUEST)
            return False
        if self._size >= min(self._framing.length or MOST_BYTES, MOST_BYTES):
            self._end(self._body())
            return False
        return True

    def _end_of_stream(self) -> None:
        """End a body after its last piece: one empty piece, or two after trailers or where it was cut off."""
        ends = self._empty == 1 or self._framing.trailers
        if ends and self._framing.length is None:
            self._end(self._body())
        else:
            self.fail(HTTPStatus.BAD_REQUEST)

    def _body(self) -> Body:
        return Body(b"".join(self._pieces), max(self._size, self._framing.length or 0))

    def _end(self, body: Body) -> None:
        if self._close(self):
            self._let_go()
            self._whole(body)

    def _let_go(self) -> Future | None:
        """Return the future, which is ours no longer.

        It keeps its callback and so us. Python cannot see such a circle, in which the connection would stay.
        """
        future, self._future = self._future, None
        return future
