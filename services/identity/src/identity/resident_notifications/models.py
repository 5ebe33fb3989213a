"""The table of accepted notices, by which a repeated one is recognised."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class Notice(Base):
    """One notice that was accepted."""

    __tablename__ = "notices"

    # The sender: a resource indicator. Identifiers are unique within one sender.
    resource_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Chosen by the sender: the same identifier again is the same notice.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(index=True)
