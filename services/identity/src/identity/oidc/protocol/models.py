"""Spent identifiers, as stored."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class SpentIdentifier(Base):
    """An identifier (`jti`) that its owner may not use again."""

    __tablename__ = "spent_identifiers"

    # SHA-256 of its purpose, its owner and the identifier.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # When the JWT that had it expires.
    expires_at: Mapped[datetime] = mapped_column(index=True)
