"""Request counters, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class RequestCount(Base):
    """The requests of one network or address in the current window."""

    __tablename__ = "request_counts"

    # A value of `rate_limits.limiter.Action`.
    action: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Keyed digest of a network or an address.
    asker: Mapped[str] = mapped_column(String(64), primary_key=True)
    requests: Mapped[int] = mapped_column(Integer)
    # When the window ends and counting starts anew.
    expires_at: Mapped[datetime] = mapped_column(index=True)
