"""A registration that nobody has verified yet, as stored."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class PendingRegistration(Model):
    """One filled-in "Create an account". Several for one address may wait; the first to be verified wins."""

    __tablename__ = "pending_registrations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    # BCP 47, of the page that was filled in.
    language: Mapped[str] = mapped_column(String(16))
    city_id: Mapped[str | None] = mapped_column(String(64))
    # Signed: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # Of the random cookie of the browser that asked: in it, the link in the mail needs no password.
    browser_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
