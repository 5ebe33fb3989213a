"""A TCP relay on loopback, for tests of networks that misbehave.

`Relay("127.0.0.1:5432")` listens on a free port, its `address`, and passes bytes to its target both ways:

    freeze()   bytes stay where they are and new connections wait, as when a firewall drops packets: both
               kernels go on acknowledging, so neither side learns of it
    thaw()     everything goes on, and what was held back is delivered
    forget()   open connections stay silent for good, new ones work: a firewall has forgotten the old ones
    drop()     every open connection is closed; new ones are made as before
    open       how many connections are open here, those that wait or are forgotten included
    accepted   how many connections were made since the start
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Self

import pytest

# Seconds after which a thread that waits looks around again.
_TURN = 0.05
_BYTES = 65_536


class Relay:
    """Passes connections on to `target` (`host:port`, or the path of a Unix socket) until it is closed."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.accepted = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._closed = threading.Event()
        self._pairs: set[_Pair] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    @property
    def open(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._pairs)

    def freeze(self) -> None:
        """Pass nothing on."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on what was held back, and what comes."""
        self._flowing.set()

    def forget(self) -> None:
        """Pass nothing more on of the connections that are open."""
        with self._lock:
            for pair in self._pairs:
                pair.forgotten = True

    def drop(self) -> None:
        """Close every open connection."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.close()

    def close(self) -> None:
        """End, with every connection."""
        self._closed.set()
        self._listener.close()
        self.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            pair = _Pair(client)
            with self._lock:
                self.accepted += 1
                self._pairs.add(pair)
            threading.Thread(target=self._connect, args=(pair,), name="relay", daemon=True).start()

    def _connect(self, pair: "_Pair") -> None:
        try:
            if self._may_pass(pair):
                server = _connection_to(self._target)
                pair.ends.append(server)
                client = pair.ends[0]
                back = threading.Thread(
                    target=self._pump, args=(pair, server, client), name="relay", daemon=True
                )
                back.start()
                self._pump(pair, client, server)
                back.join()
        except OSError:
            pass
        finally:
            pair.close()
            with self._lock:
                self._pairs.discard(pair)

    def _pump(self, pair: "_Pair", source: socket.socket, sink: socket.socket) -> None:
        """Pass bytes on until either end closes; the other direction ends with it."""
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(_BYTES)
                # While nothing passes, neither does the word that an end has closed.
                if not self._may_pass(pair) or not data:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _may_pass(self, pair: "_Pair") -> bool:
        """Wait while the relay is frozen or the connection forgotten; tell whether both still run."""
        while not self._flowing.is_set() or pair.forgotten:
            if self._closed.wait(_TURN) or pair.closed:
                return False
        return not self._closed.is_set()


class _Pair:
    """The two ends of one connection."""

    def __init__(self, client: socket.socket) -> None:
        self.ends = [client]
        self.forgotten, self.closed = False, False

    def close(self) -> None:
        self.closed = True
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _connection_to(target: str) -> socket.socket:
    if target.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(target)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = target.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=None)


@pytest.fixture
def relay_to() -> Iterator[Callable[[str], Relay]]:
    """Return a function that makes a relay to a target; those that a test makes are closed after it."""
    with ExitStack() as made:
        yield lambda target: made.enter_context(Relay(target))
