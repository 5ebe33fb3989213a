"""Access tokens whose signature was verified: a resource or a client often presents the same one again.

What is remembered is that the text was signed and what it says; whether its grant still stands is read at
each use, and its key is compared with the current keys. A token that comes once gains nothing.
"""

import hashlib
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Generic, Protocol, TypeVar

# Some 3 kB each.
MOST = 1024


class Expiring(Protocol):
    """What is remembered."""

    @property
    def expires_at(self) -> datetime:
        """From this moment on it is not returned."""


T = TypeVar("T", bound=Expiring)


class VerifiedTokens(Generic[T]):
    """What tokens say, by the SHA-256 of their text, until they expire; the oldest one makes room."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._changing = most, Lock()
        self._tokens: OrderedDict[bytes, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tokens)

    def clear(self) -> None:
        """Forget all."""
        with self._changing:
            self._tokens.clear()

    def find(self, digest: bytes, now: datetime) -> T | None:
        """Return what the token of this digest says; None if it is not known or has expired."""
        known = self._tokens.get(digest)
        return known if known is not None and now < known.expires_at else None

    def keep(self, digest: bytes, token: T, now: datetime) -> None:
        """Remember a token instead of the oldest ones, if these have expired or are too many."""
        with self._changing:
            self._tokens[digest] = token
            while len(self._tokens) > self._most or next(iter(self._tokens.values())).expires_at <= now:
                self._tokens.popitem(last=False)
                if not self._tokens:
                    return


def digest_of(token: str) -> bytes:
    """Return the SHA-256 of a token's text."""
    return hashlib.sha256(token.encode()).digest()
