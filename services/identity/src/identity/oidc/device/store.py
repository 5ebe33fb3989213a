"""The table of device authorizations: every step is one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from identity.oidc.device.models import DeviceAuthorization
from identity.oidc.protocol.lifetimes import KEPT_AFTER_END
from identity.storage import Executor, delete_some, insert_into, table_of

DEVICE = table_of(DeviceAuthorization)


@dataclass(frozen=True)
class WaitingDevice:
    """A device authorization."""

    id: str
    client_id: str
    device_code_digest: str
    user_code_digest: str
    scope: str
    resources: list[str]
    created_at: datetime
    expires_at: datetime
    interval_seconds: int
    last_polled_at: datetime | None = None
    decided_at: datetime | None = None
    grant_id: str | None = None

    def can_be_decided(self, now: datetime) -> bool:
        """Tell whether the resident's answer still counts."""
        return self.decided_at is None and now < self.expires_at


class DeviceAuthorizations:
    """The device authorizations."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def begin(self, device: WaitingDevice) -> bool:
        """Add a device; False when another one has this user code."""
        statement = (
            insert_into(self._executor, DEVICE)
            .values(**vars(device))
            .on_conflict_do_nothing()
            .returning(DEVICE.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def find(self, device_id: str) -> WaitingDevice | None:
        """Return the device, waiting or not."""
        return self._one(DEVICE.c.id == device_id)

    def by_user_code(self, user_code_digest: str) -> WaitingDevice | None:
        """Return the device that shows this code, waiting or not."""
        return self._one(DEVICE.c.user_code_digest == user_code_digest)

    def by_device_code(self, device_code_digest: str) -> WaitingDevice | None:
        """Return the device that holds this code, waiting or not."""
        return self._one(DEVICE.c.device_code_digest == device_code_digest)

    def note_poll(self, device_id: str, interval_seconds: int, now: datetime) -> None:
        """Remember that the device asked, and how long it has to wait from now on."""
        self._executor.execute(
            update(DEVICE)
            .where(DEVICE.c.id == device_id)
            .values(last_polled_at=now, interval_seconds=interval_seconds)
        )

    def decide(self, device_id: str, grant_id: str | None, now: datetime) -> bool:
        """Note the answer, a grant or None for no: True for exactly one of all who try in time."""
        statement = (
            update(DEVICE)
            .where(DEVICE.c.id == device_id, DEVICE.c.decided_at.is_(None), DEVICE.c.expires_at > now)
            .values(decided_at=now, grant_id=grant_id)
            .returning(DEVICE.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` devices whose codes have long expired; return how many."""
        return delete_some(self._executor, DEVICE, DEVICE.c.expires_at <= now - KEPT_AFTER_END, limit)

    def _one(self, condition: ColumnElement[bool]) -> WaitingDevice | None:
        row = self._executor.execute(select(DEVICE).where(condition)).one_or_none()
        return WaitingDevice(**row._mapping) if row else None  # noqa: SLF001 - the documented name
