"""Device authorizations, as stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class DeviceAuthorization(Model):
    """A device that waits for a resident to allow it."""

    __tablename__ = "device_authorizations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # SHA-256 of 256 random bits; becomes the code of the grant when the resident allows it.
    device_code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    # Keyed digest: the code is short.
    user_code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(Text)
    resources: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # How long the device has to wait between two questions; longer each time it did not.
    interval_seconds: Mapped[int] = mapped_column(Integer)
    last_polled_at: Mapped[datetime | None]
    # When the resident said yes or no.
    decided_at: Mapped[datetime | None]
    # What they allowed. No foreign key: the grant may be deleted first. Decided without one: they said no.
    grant_id: Mapped[str | None] = mapped_column(String(32))
