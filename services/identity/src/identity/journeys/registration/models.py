"""Pending registrations, as stored."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class PendingRegistration(Model):
    """A submitted sign-up form whose address is not verified yet. Holds personal data and a password hash.

    Several may wait for one address; the first to be verified becomes the account.
    """

    __tablename__ = "pending_registrations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    # Empty once it was verified or expired.
    password_hash: Mapped[str] = mapped_column(String(255))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    # BCP 47, of the page that was filled in.
    language: Mapped[str] = mapped_column(String(16))
    city_id: Mapped[str | None] = mapped_column(String(64))
    # A `SignedContinuation`: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # Of the secret of the browser that signed up (`BrowserBinding`), where the mailed link needs no password.
    browser_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
