"""The table of notifications to residents. It keeps its first name, `notices`."""

from datetime import datetime

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from billing_link.storage import Base


class NotificationRow(Base):
    """One notification to one resident."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_due", "state", "next_attempt_at"),)

    # Sent to identity, which mails an id once, however often it is delivered.
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # A value of `store.NotificationKind`.
    kind: Mapped[str] = mapped_column(String(64))
    city_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    # The facts of the mail, personal data; emptied once delivered or failed.
    details: Mapped[dict[str, str]] = mapped_column(JSON)
    # A value of `store.NotificationState`.
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    # Why the last attempt failed, for an operator.
    last_error: Mapped[str] = mapped_column(String(255))
