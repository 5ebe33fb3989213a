"""Applications that the tests of a worker share, each time as if just made.

An application compiles its routes, statements and templates and checks its RSA keys; a test of its own costs
less. So one is made for each database and settings, and before it is lent again every container that its
objects hold gets back what was in it: whatever they remembered (cities, clients, keys, fetched key sets) is
forgotten without their having to be named here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import FunctionType, MethodType
from typing import Any, Protocol

import pytest
from flask import Flask

# More than one worker ever has in use; those of odd settings go again.
KEPT = 16
OURS = {"identity", "portal"}


class Clock(Protocol):
    """What tells the time to an application."""

    def now(self) -> Any: ...


@dataclass
class BorrowersClock:
    """Shows the time of the test that has the application."""

    borrowed: Clock
    behind: timedelta

    def now(self) -> Any:
        """Return the test's time."""
        return self.borrowed.now() - self.behind


class Contents:
    """What an application's containers held."""

    def __init__(self, app: Flask) -> None:
        self._held = [(container, container.copy()) for container in _containers(app)]

    def put_back(self) -> None:
        """Give every container what it held."""
        for container, held in self._held:
            container.clear()
            (container.extend if isinstance(container, list) else container.update)(held)


def _containers(app: Flask) -> Iterator[Any]:
    """Find every dict, list and set that the application's own objects, and Flask's registers, hold."""
    found: dict[int, Any] = {}
    left: list[Any] = list(vars(app).values())
    while left:
        thing = left.pop()
        if id(thing) in found:
            continue
        found[id(thing)] = thing
        if isinstance(thing, FunctionType):
            left += [cell.cell_contents for cell in thing.__closure__ or ()]
        elif isinstance(thing, MethodType):
            left.append(thing.__self__)
        elif isinstance(thing, list | tuple | set | frozenset):
            left += thing
        elif isinstance(thing, dict):
            left += thing.values()
        elif _is_ours(thing):
            left.append(vars(thing))
    return (thing for thing in found.values() if isinstance(thing, dict | list | set))


def _is_ours(thing: Any) -> bool:
    package = type(thing).__module__.partition(".")[0]
    return package in OURS and hasattr(thing, "__dict__") and not isinstance(thing, Enum)


@dataclass
class Made:
    """An application to be lent."""

    app: Flask
    clock: BorrowersClock
    contents: Contents
    close: Callable[[Flask], object]


class SharedApps:
    """Makes applications, lends them to one test at a time, and closes them in the end."""

    def __init__(self) -> None:
        self._made: dict[str, Made] = {}

    def lend(
        self,
        key: str,
        clock: Clock,
        make: Callable[[BorrowersClock], Flask],
        close: Callable[[Flask], object],
    ) -> Flask:
        """Return the application of this key, as it was made, telling the time by this clock."""
        made = self._made.pop(key, None) or _made(clock, make, close)
        self._made[key] = made
        if len(self._made) > KEPT:
            longest_unused = self._made.pop(next(iter(self._made)))
            longest_unused.close(longest_unused.app)
        made.contents.put_back()
        made.clock.borrowed = clock
        return made.app

    def close(self) -> None:
        """Close them all."""
        for made in self._made.values():
            made.close(made.app)
        self._made.clear()


def _made(clock: Clock, make: Callable[[BorrowersClock], Flask], close: Callable[[Flask], object]) -> Made:
    """Make an application an hour before the test, so that whatever it remembers of that is old."""
    borrowers = BorrowersClock(clock, timedelta(hours=1))
    app = make(borrowers)
    borrowers.behind = timedelta()
    return Made(app, borrowers, Contents(app), close)


@pytest.fixture(scope="session")
def shared_apps() -> Iterator[SharedApps]:
    """Return the applications of this worker."""
    apps = SharedApps()
    yield apps
    apps.close()
