"""Hashing passwords: one current profile, every known format verified, the same work for unknown residents.

Hashes are PHC strings, which name their algorithm and cost. A hash of another profile than the current one
still verifies; where `needs_rehash`, the sign-in replaces it. An odd cost says that the hash is of the
password's `normal_form`; an older hash, of even cost, is of its `former_form` (docs/decisions/0048).
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from identity.errors import Reason, Refused
from identity.residents.passwords.normal_form import former_form, normal_form

# Longer than a full queue takes, shorter than the time limits of browsers.
WAIT_FOR_A_TURN_SECONDS = 10.0
# With more, what else a sign-in costs would keep the interpreter from other pages; processes add up.
_MOST_AT_ONCE = 3
# Beside the threads of requests (nice 0), one that hashes gets a quarter of a processor that both want.
_NICENESS = 5

T = TypeVar("T")

# The memory of Argon2id, in KiB, or the iterations of PBKDF2.
_ODD_COST = re.compile(r"\$(argon2id\$v=\d+\$m|pbkdf2-sha256\$i)=\d*[13579][,$]")
_PBKDF2 = re.compile(r"\$pbkdf2-sha256\$i=(\d{1,8})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})")


@dataclass(frozen=True)
class _Argon2id:
    """RFC 9106. `memory` in KiB."""

    memory: int
    passes: int

    @property
    def _engine(self) -> argon2.PasswordHasher:
        return argon2.PasswordHasher(
            time_cost=self.passes, memory_cost=self.memory, parallelism=1, hash_len=32, salt_len=16
        )

    def hash(self, password: bytes) -> str:
        return self._engine.hash(password)

    def owns(self, password_hash: str) -> bool:
        return password_hash.startswith("$argon2id$") and not self._engine.check_needs_rehash(password_hash)

    def unmatchable(self) -> str:
        parameters = f"$argon2id$v=19$m={self.memory},t={self.passes},p=1"
        return f"{parameters}${_random(16)}${_random(32)}"


@dataclass(frozen=True)
class _Pbkdf2:
    """PBKDF2-HMAC-SHA256 (NIST SP 800-132), where only algorithms approved by FIPS 140 are allowed."""

    iterations: int

    def hash(self, password: bytes) -> str:
        salt = secrets.token_bytes(16)
        derived = hashlib.pbkdf2_hmac("sha256", password, salt, self.iterations)
        return f"$pbkdf2-sha256$i={self.iterations}${_encode(salt)}${_encode(derived)}"

    def owns(self, password_hash: str) -> bool:
        return password_hash.startswith(f"$pbkdf2-sha256$i={self.iterations}$")

    def unmatchable(self) -> str:
        return f"$pbkdf2-sha256$i={self.iterations}${_random(16)}${_random(32)}"


# Costs: OWASP Password Storage Cheat Sheet, and odd. Argon2 rounds its memory down to 4 KiB (RFC 9106 §3.2),
# so that one KiB more costs nothing. `cheap` protects nothing and is for tests.
PROFILES: dict[str, _Argon2id | _Pbkdf2] = {
    "argon2id": _Argon2id(memory=19 * 1024 + 1, passes=2),
    "pbkdf2": _Pbkdf2(iterations=600_001),
    "cheap": _Argon2id(memory=9, passes=1),
}


class PasswordHasher:
    """Hashes and verifies in threads of its own, of lower priority, and so few that a processor is left.

    A flood of sign-ins then delays sign-ins and no other page, and the memory of a hash is used once for each
    of these threads, not once for each thread of requests. How many requests come here at a time is decided
    before them (`web.admission`). After ten seconds in the queue a call raises `Refused` with
    `Reason.TEMPORARILY_UNAVAILABLE`.
    """

    def __init__(self, profile: str, *, at_once: int | None = None) -> None:
        self._profile = PROFILES[profile]
        # Passwords that are hashed at a time.
        self.at_once = at_once or min(max(1, _processors() - 1), _MOST_AT_ONCE)
        self._workers = ThreadPoolExecutor(self.at_once, "password-hashing", initializer=_give_way)
        # Well formed and of the current cost; no password matches it.
        self._unmatchable = self._profile.unmatchable()

    def hash(self, password: str) -> str:
        """Return a new hash by the current profile, freshly salted; raises `Refused` when too busy."""
        return self._in_turn(self._profile.hash, _encoded(normal_form(password)))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the hash is of this password; raises `Refused` when too busy.

        None, for a resident who does not exist or has no password, costs the same work and is False (ASVS
        5.0 6.3.8): one hash, in the one form that the stored hash says.
        """
        if password_hash is None or not (_is_argon2id(password_hash) or _PBKDF2.fullmatch(password_hash)):
            self._in_turn(_matches, self._unmatchable, _encoded(normal_form(password)))
            return False
        form = normal_form if _ODD_COST.match(password_hash) else former_form
        return self._in_turn(_matches, password_hash, _encoded(form(password)))

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether the hash was made by another profile than the current one."""
        return not self._profile.owns(password_hash)

    def _in_turn(self, work: Callable[..., T], *arguments: object) -> T:
        future = self._workers.submit(work, *arguments)
        try:
            return future.result(WAIT_FOR_A_TURN_SECONDS)
        except TimeoutError:
            future.cancel()
            raise Refused(Reason.TEMPORARILY_UNAVAILABLE) from None


def _give_way() -> None:
    """Lower the priority of this thread: on Linux each thread has its own (setpriority(2))."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _processors() -> int:
    """Return the number of processors that this process may use, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _is_argon2id(password_hash: str) -> bool:
    return password_hash.startswith("$argon2id$")


def _matches(password_hash: str, candidate: bytes) -> bool:
    if _is_argon2id(password_hash):
        try:
            return argon2.PasswordHasher().verify(password_hash, candidate)
        except (VerificationError, InvalidHashError):
            return False
    parts = _PBKDF2.fullmatch(password_hash)
    if parts is None:
        return False
    derived = hashlib.pbkdf2_hmac("sha256", candidate, _decode(parts[2]), int(parts[1]))
    return hmac.compare_digest(_encode(derived), parts[3])


def _random(size: int) -> str:
    return _encode(secrets.token_bytes(size))


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
