"""A password, as stored: only its hash."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Password(Model):
    """The password of one resident."""

    __tablename__ = "passwords"

    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), primary_key=True
    )
    # PHC string: names its algorithm and cost, so that a stronger profile takes over at the next sign-in.
    hash: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime]
