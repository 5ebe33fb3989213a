"""A first sign-in that is not complete yet, as stored."""

from datetime import datetime

from sqlalchemy import Boolean, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class FirstSignIn(Base):
    """Somebody whom a provider has named, and whom we do not know yet. Several may wait for one address."""

    __tablename__ = "first_sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    # What the provider named, whether or not it is the address below.
    provider_email: Mapped[str | None] = mapped_column(String(254))
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254))
    # By a provider whose word counts; otherwise our own mail proves it.
    email_proved: Mapped[bool] = mapped_column(Boolean)
    # Empty where not known yet.
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    # RFC 8176 values, separated by blanks: what the provider said.
    amr: Mapped[str] = mapped_column(String(64))
    # BCP 47, of the page with the button.
    language: Mapped[str] = mapped_column(String(16))
    # Signed: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # Of the random cookie of the browser that came back from the provider.
    browser_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # When it became a resident.
    completed_at: Mapped[datetime | None]
