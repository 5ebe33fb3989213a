"""Sessions, as stored."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.storage import Base


class SessionRow(Base):
    """One resident signed in to the portal in one browser."""

    __tablename__ = "sessions"

    # Not secret: names the session in the log, and is the owner of what is encrypted for it.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # SHA-256 of the cookie's text, hex.
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    # Of the part of it that stays; None for sessions that the release before began, whose text stays.
    series_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    # Of the text before the last rotation.
    former_digest: Mapped[str | None] = mapped_column(String(64))
    rotated_at: Mapped[datetime | None]
    # When the browser first sent the present text; None while it may not have it yet.
    confirmed_at: Mapped[datetime | None]
    # The resident: `sub` of the ID token.
    subject: Mapped[str] = mapped_column(String(255), index=True)
    # Identity's session: `sid` of the ID token, empty if it has none.
    identity_sid: Mapped[str] = mapped_column(String(255), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    # The end, even for a session in use.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # ID token, refresh token, and an access token for each resource; encrypted.
    sealed_tokens: Mapped[str] = mapped_column(Text)
    # Until when one request alone may refresh the tokens; the others wait for it.
    refreshing_until: Mapped[datetime | None]
    # Name and e-mail address from userinfo; encrypted.
    sealed_profile: Mapped[str | None] = mapped_column(Text)
    profile_read_at: Mapped[datetime | None]
