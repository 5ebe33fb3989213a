"""Failure counters, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class FailureCount(Base):
    """Consecutive failures for one address from one origin."""

    __tablename__ = "sign_in_failures"

    # Keyed digest of the address's compared form: also of addresses without an account.
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    # `network:…`, `device:…`, or `all` for the hard stop.
    origin: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_failed_at: Mapped[datetime] = mapped_column(index=True)
    # Until then attempts from this origin are refused and do not count.
    blocked_until: Mapped[datetime | None]
