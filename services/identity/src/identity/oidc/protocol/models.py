"""Identifiers that were used, as stored."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class SpentIdentifier(Base):
    """One identifier that its owner may not use again."""

    __tablename__ = "spent_identifiers"

    # SHA-256 over what it was used for, whose it is, and the identifier itself.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # From when on what carried it is refused for its age.
    expires_at: Mapped[datetime] = mapped_column(index=True)
