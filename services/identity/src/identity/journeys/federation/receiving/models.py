"""What was received from providers, as stored."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class ProviderNotice(Base):
    """A security notice that was acted on; providers may send each several times."""

    __tablename__ = "provider_notices"

    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


class DataDeletion(Base):
    """Somebody asked, at their provider, to be forgotten here. Names nobody: nobody is left to name."""

    __tablename__ = "data_deletions"

    # What the person may quote; 128 random bits.
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    done_at: Mapped[datetime] = mapped_column(index=True)
