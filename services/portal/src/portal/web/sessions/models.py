"""A session, as stored."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.storage import Base


class SessionRow(Base):
    """One browser in which one resident is signed in to the portal."""

    __tablename__ = "sessions"

    # Public; names the session in the log and owns what is sealed for it.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    # Who, at identity: the `sub` of the ID token.
    subject: Mapped[str] = mapped_column(String(255), index=True)
    # identity's own session: the `sid` of the ID token, empty where it sends none.
    identity_sid: Mapped[str] = mapped_column(String(255), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    # The absolute end, however busy the session is.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The ID token (for sign-out), the refresh token, and an access token for each resource.
    sealed_tokens: Mapped[str] = mapped_column(Text)
    # Until when one request may refresh the tokens alone; the others wait for what it brings.
    refreshing_until: Mapped[datetime | None]
    # Name and e-mail address as userinfo had them.
    sealed_profile: Mapped[str | None] = mapped_column(Text)
    profile_read_at: Mapped[datetime | None]
