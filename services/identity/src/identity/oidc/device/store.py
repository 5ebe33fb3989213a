"""The table of device authorizations: every step is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from identity.oidc.device.models import DeviceAuthorization
from identity.oidc.protocol.lifetimes import KEPT_AFTER_END
from identity.storage import Executor, delete_some, insert_into, table_of

DEVICE = table_of(DeviceAuthorization)


@dataclass(frozen=True)
class WaitingDevice:
    """A device authorization, decided or not. Times are UTC."""

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
        """Tell whether it is neither decided nor expired."""
        return self.decided_at is None and now < self.expires_at


class DeviceAuthorizations:
    """The device authorizations."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_device(self, device: WaitingDevice) -> bool:
        """Add a device; False if another one has its user code."""
        statement = (
            insert_into(self._executor, DEVICE)
            .values(**vars(device))
            .on_conflict_do_nothing()
            .returning(DEVICE.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def find_device(self, device_id: str) -> WaitingDevice | None:
        """Return the device, decided or not, expired or not; or None."""
        return self._one(DEVICE.c.id == device_id)

    def find_by_user_code(self, user_code_digests: Sequence[str]) -> WaitingDevice | None:
        """Return the device whose user code has one of these digests, decided, expired or not; or None."""
        return self._one(DEVICE.c.user_code_digest.in_(user_code_digests))

    def find_by_device_code(self, device_code_digest: str) -> WaitingDevice | None:
        """Return the device with this device code, decided or not, expired or not; or None."""
        return self._one(DEVICE.c.device_code_digest == device_code_digest)

    def record_poll(self, device_id: str, interval_seconds: int, now: datetime) -> None:
        """Record the time of a poll, and the interval that holds from now on."""
        self._executor.execute(
            update(DEVICE)
            .where(DEVICE.c.id == device_id)
            .values(last_polled_at=now, interval_seconds=interval_seconds)
        )

    def record_decision(self, device_id: str, grant_id: str | None, now: datetime) -> bool:
        """Record the decision (`grant_id` None: denied), atomically; False if it expired or was decided."""
        statement = (
            update(DEVICE)
            .where(DEVICE.c.id == device_id, DEVICE.c.decided_at.is_(None), DEVICE.c.expires_at > now)
            .values(decided_at=now, grant_id=grant_id)
            .returning(DEVICE.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` devices that expired `KEPT_AFTER_END` ago; return how many."""
        return delete_some(self._executor, DEVICE, DEVICE.c.expires_at <= now - KEPT_AFTER_END, limit)

    def _one(self, condition: ColumnElement[bool]) -> WaitingDevice | None:
        row = self._executor.execute(select(DEVICE).where(condition)).one_or_none()
        return WaitingDevice(**row._mapping) if row else None  # noqa: SLF001 - the documented name
