"""Failed client authentication, recorded in the audit for the operator of the website."""

from datetime import datetime, timedelta

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.storage import Storage

# A website with a wrong secret fails for every resident: one row a minute is enough.
_EVERY = timedelta(minutes=1)


class FailedAuthentications:
    """Records failures of clients that exist; an unknown client id is not recorded."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._recorded: dict[str, datetime] = {}

    def expire(self) -> None:
        """Record the next failure of every client, however recent the last one was."""
        self._recorded.clear()

    def record(self, client_id: str, method: str) -> None:
        """Record a failure with `method`, at most once a minute for each client and process."""
        now = self._clock.now()
        last = self._recorded.get(client_id)
        if last is not None and now - last < _EVERY:
            return
        self._recorded[client_id] = now
        with self._storage.autocommit() as connection:
            Audit(connection).record(
                Event.CLIENT_AUTHENTICATION_FAILED, now, client_id=client_id, method=method
            )
