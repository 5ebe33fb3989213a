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
    """The algorithm has an active key already: another process made it first."""


@dataclass(frozen=True)
class StoredKey:
    """A row of the table. Holds a secret: the private key, encrypted. Times are UTC."""

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
        """Whether it is in the JWK Set."""
        return self.removed_at is None


class SigningKeys:
    """The signing keys, oldest first."""

    def __init__(self, connection: Executor) -> None:
        self._connection = connection

    def list_keys(self) -> list[StoredKey]:
        """Return all keys, retired and revoked ones too."""
        rows = self._connection.execute(_ALL).mappings()
        return [StoredKey(**{**row, "state": KeyState(row["state"])}) for row in rows]

    def add_key(self, key: StoredKey) -> None:
        """Add a key; raises `AlreadyActiveError` if it is active and the algorithm has an active key."""
        try:
            self._connection.execute(insert(KEY).values(**vars(key)))
        except IntegrityError:
            raise AlreadyActiveError from None

    def activate_key(self, kid: str, now: datetime) -> None:
        """Make the key the one that signs."""
        self._change(kid, state=KeyState.ACTIVE, activated_at=now)

    def retire_key(self, kid: str, now: datetime) -> None:
        """End the key's signing and delete its private part; it stays published."""
        self._change(kid, state=KeyState.RETIRED, retired_at=now, private_sealed="")

    def unpublish_key(self, kid: str, now: datetime) -> None:
        """Take a retired key out of the JWK Set."""
        self._change(kid, removed_at=now)

    def revoke_key(self, kid: str, now: datetime) -> None:
        """Revoke the key, take it out of the JWK Set and delete its private part."""
        self._change(kid, state=KeyState.REVOKED, private_sealed="", removed_at=now)

    def replace_private(self, kid: str, before: str, after: str) -> None:
        """Replace the encrypted private part by the same under another key, unless it was deleted."""
        this = (KEY.c.kid == kid) & (KEY.c.private_sealed == before)
        self._connection.execute(update(KEY).where(this).values(private_sealed=after))

    def _change(self, kid: str, **values: object) -> None:
        self._connection.execute(update(KEY).where(KEY.c.kid == kid).values(**values))
