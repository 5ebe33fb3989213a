"""A session, as stored."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Session(Model):
    """One browser in which one resident is signed in. Holds personal data: IP address and browser."""

    __tablename__ = "sessions"

    # Public: the `sid` of tokens (OpenID Connect Back-Channel Logout §2.1).
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Of the cookie's text.
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    # Of the part of it that stays; None for sessions that the release before began, whose text stays.
    series_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    # Of the text before the last rotation.
    former_digest: Mapped[str | None] = mapped_column(String(64))
    rotated_at: Mapped[datetime | None]
    # When the browser first sent the present text; None while it may not have it yet.
    confirmed_at: Mapped[datetime | None]
    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), index=True
    )
    # When the resident last proved who they are in this session: `auth_time`.
    authenticated_at: Mapped[datetime]
    # RFC 8176 values, separated by blanks.
    amr: Mapped[str] = mapped_column(String(64))
    remembered: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_seconds: Mapped[int] = mapped_column(Integer)
    # The absolute limit.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    # Begun in a browser in which the resident was never seen.
    new_device: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    user_agent: Mapped[str] = mapped_column(String(255))
    ip_address: Mapped[str] = mapped_column(String(45))
