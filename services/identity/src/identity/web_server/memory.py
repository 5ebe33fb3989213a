"""Memory of a web process that is free goes back to the system, where the C library is glibc.

glibc gives threads heaps of their own, and of all but the first it keeps the free end: 19 MiB of an Argon2id
hash for each thread that hashes. So all threads share one heap, and its free pages are returned from time to
time. To return them after each hash would make hashes 1.5 times as dear.
"""

import ctypes

# Of the environment of a process (mallopt(3)); what an operator sets stays.
ONE_HEAP = ("MALLOC_ARENA_MAX", "1")

_LIBC = ctypes.CDLL(None)


def return_free_pages() -> None:
    """Return the free pages of the heap to the system."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
