"""The table of signing keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from identity.signing_keys.models import KeyState, SigningKey
from identity.storage import Executor, table_of

KEY = table_of(SigningKey)

_ALL = select(KEY).order_by(KEY.c.created_at, KEY.c.kid)


class AlreadyActiveError(Exception):
    """Another process made the algorithm's active key a moment earlier."""


@dataclass(frozen=True)
class StoredKey:
    """A key as it stands in the database."""

    kid: str
    alg: str
    state: KeyState
    public_jwk: Mapping[str, str]
    private_sealed: str
    created_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def is_published(self) -> bool:
        """Whether verifiers can see it."""
        return self.removed_at is None


class SigningKeys:
    """The signing keys, oldest first."""

    def __init__(self, connection: Executor) -> None:
        self._connection = connection

    def everyone(self) -> list[StoredKey]:
        """Return every key there ever was."""
        rows = self._connection.execute(_ALL).mappings()
        return [StoredKey(**{**row, "state": KeyState(row["state"])}) for row in rows]

    def add(self, key: StoredKey) -> None:
        """Add a key; raises `AlreadyActiveError` when it is to be active and another one is."""
        try:
            self._connection.execute(insert(KEY).values(**vars(key)))
        except IntegrityError:
            raise AlreadyActiveError from None

    def activate(self, kid: str, now: datetime) -> None:
        """Let the key sign from now on."""
        self._change(kid, state=KeyState.ACTIVE, activated_at=now)

    def retire(self, kid: str, now: datetime) -> None:
        """Let the key sign no more and destroy its private part; it stays published."""
        self._change(kid, state=KeyState.RETIRED, retired_at=now, private_sealed="")

    def remove(self, kid: str, now: datetime) -> None:
        """Take a retired key out of the published set."""
        self._change(kid, removed_at=now)

    def revoke(self, kid: str, now: datetime) -> None:
        """Withdraw the key and destroy its private part."""
        self._change(kid, state=KeyState.REVOKED, private_sealed="", removed_at=now)

    def _change(self, kid: str, **values: object) -> None:
        self._connection.execute(update(KEY).where(KEY.c.kid == kid).values(**values))
