"""How many requests may wait for identity at the same time: an identity that hangs holds few threads."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.circuit_breaker import CircuitBreaker, NotAdmittedError
from portal.errors import IdentityError, IdentityUnavailableError

# Of the 24 threads of a process (`portal.cli.serve`), so many may wait for each endpoint.
TOKEN_REQUESTS = 3
USERINFO_REQUESTS = 2


class CallLimit:
    """Admits calls to one endpoint of identity, at most `at_once` at a time."""

    def __init__(self, at_once: int) -> None:
        self._breaker = CircuitBreaker(at_once)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Admit one call, which ends with the context.

        Raises `IdentityUnavailableError` if there are too many already, or if several in a row ended with it.
        """
        try:
            with self._breaker.call() as call:
                try:
                    yield
                except IdentityError as error:
                    call.answered = not isinstance(error, IdentityUnavailableError)
                    raise
                call.answered = True
        except NotAdmittedError as refused:
            raise IdentityUnavailableError(str(refused)) from None

    def expire(self) -> None:
        """Forget that calls failed, as before the first call."""
        self._breaker.expire()
