"""The applications that the tests of a worker share.

An application takes as long to make as several tests: routes, templates and statements are compiled, RSA keys
are checked. So there is one for each database and settings; before each test its caches are emptied.
"""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

# Applications to keep: more than the tests of one worker use at a time.
KEPT = 16


class Applications:
    """Keeps applications by their settings, and closes them in the end."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Flask, Callable[[Flask], object]]] = {}

    def lend(self, key: str, make: Callable[[], Flask], close: Callable[[Flask], object]) -> Flask:
        """Return the application of this key, its caches emptied."""
        app, _ = self._made[key] = self._made.pop(key, None) or (make(), close)
        if len(self._made) > KEPT:
            self._close(next(iter(self._made)))
        for name in ("identity.expire", "portal.expire"):
            for expire in app.extensions.get(name, ()):
                expire()
        return app

    def close(self) -> None:
        """Close all applications."""
        for key in list(self._made):
            self._close(key)

    def _close(self, key: str) -> None:
        app, close = self._made.pop(key)
        close(app)


@pytest.fixture(scope="session")
def applications() -> Iterator[Applications]:
    """Return the applications of this worker."""
    made = Applications()
    yield made
    made.close()
