"""Counts of what happened, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class EventCount(Model):
    """How often something happened in an hour. No personal data."""

    __tablename__ = "event_counts"

    # When the hour begins.
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    # A value of `monitoring.store.Counted`.
    counted: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Which of them: an action, an audit event, a kind of fault.
    detail: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
