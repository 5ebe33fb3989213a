"""Sign-in attempts, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.storage import Base


class SignInAttempt(Base):
    """One authorization request of one browser. Each tab has its own."""

    __tablename__ = "sign_in_attempts"

    # SHA-256 of `state`, hex.
    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # SHA-256 of the browser's cookie, hex: the response counts in this browser alone (OWASP ASVS 10.1.2).
    browser_digest: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    # The PKCE verifier (RFC 7636), encrypted.
    sealed_verifier: Mapped[str] = mapped_column(Text)
    # A path of the portal.
    return_to: Mapped[str] = mapped_column(Text)
    # How many attempts in a row failed before this one.
    restarts: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
