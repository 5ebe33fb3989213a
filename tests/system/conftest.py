"""Shared by the tests that start real processes."""

from collections.abc import Callable, Iterator

import psutil
import pytest


def processes_with(words: str) -> list[psutil.Process]:
    """Return the running processes whose environment or command line has these words."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(words in word for word in told):
            found.append(process)
    return found


@pytest.fixture
def processes() -> Iterator[Callable[[str], list[psutil.Process]]]:
    """Return a function that finds the processes that were given some words, such as a test's directory."""
    return processes_with
