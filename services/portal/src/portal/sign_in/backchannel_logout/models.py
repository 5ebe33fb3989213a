"""Accepted logout tokens, as stored."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.storage import Base


class UsedLogoutToken(Base):
    """A logout token that was accepted, and is not accepted again."""

    __tablename__ = "used_logout_tokens"

    # SHA-256 of `jti`, hex.
    jti_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # From then on the token's own `exp` refuses it.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The session and the resident that it named; empty where it named none.
    identity_sid: Mapped[str] = mapped_column(String(255), default="", server_default="")
    subject: Mapped[str] = mapped_column(String(255), default="", server_default="")
    # In microseconds since 1970: a second is too coarse to tell what came before from what came after.
    accepted_at: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
