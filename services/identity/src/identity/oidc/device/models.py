"""Device authorizations, as stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class DeviceAuthorization(Model):
    """A device that waits for a resident to allow it, or that one has allowed or denied."""

    __tablename__ = "device_authorizations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # SHA-256 of 256 random bits; becomes the code of the grant when the resident allows the device.
    device_code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    # A keyed digest, since the code is short.
    user_code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(Text)
    resources: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # Least seconds between two polls; `slow_down` adds five (RFC 8628 §3.5).
    interval_seconds: Mapped[int] = mapped_column(Integer)
    last_polled_at: Mapped[datetime | None]
    # When the resident allowed or denied it.
    decided_at: Mapped[datetime | None]
    # The grant; None after a decision: denied. No foreign key: the grant may be deleted first.
    grant_id: Mapped[str | None] = mapped_column(String(32))
