"""A mailed code, as stored."""

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class OneTimeCode(Model):
    """The newest code for one purpose and subject."""

    __tablename__ = "one_time_codes"

    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Keyed digest: 34 bits are too few to hash openly.
    code_digest: Mapped[str] = mapped_column(String(64))
    attempts_left: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime] = mapped_column(index=True)
