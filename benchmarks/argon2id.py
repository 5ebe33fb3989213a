"""The cost of one Argon2id hash, in this process, on the core of the servers."""

import time
from statistics import median

import argon2

from benchmarks.processes import Cores, pinned

TIMES = 10
# The default profile of identity: 19 MiB, two passes, one lane (OWASP).
ARGON2ID = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def argon2id_ms(cores: Cores) -> float:
    """Return the CPU milliseconds of one Argon2id hash, the median of several."""
    taken = []
    with pinned(cores.server):
        for _ in range(TIMES):
            begun = time.process_time()
            ARGON2ID.hash("a password of the benchmark only")
            taken.append((time.process_time() - begun) * 1000)
    return median(taken)
