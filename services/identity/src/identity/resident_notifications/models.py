"""An accepted notice, as stored: enough to know it again."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class Notice(Base):
    """One notice that was accepted."""

    __tablename__ = "notices"

    # Who sent it: a resource indicator. Senders choose their identifiers, so they are compared within one
    # sender.
    resource_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # The sender's own identifier for it: the same one again is the same notice.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    accepted_at: Mapped[datetime] = mapped_column(index=True)
