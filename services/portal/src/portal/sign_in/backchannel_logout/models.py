"""Logout tokens that were taken, as stored."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.storage import Base


class UsedLogoutToken(Base):
    """A logout token that was taken once and is not taken again."""

    __tablename__ = "used_logout_tokens"

    # SHA-256 of its `jti`.
    jti_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Afterwards the token is too old anyway.
    expires_at: Mapped[datetime] = mapped_column(index=True)
