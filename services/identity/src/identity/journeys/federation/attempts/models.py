"""A sign-in that left for a provider, as stored."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class FederationAttempt(Base):
    """One way to a provider and back."""

    __tablename__ = "federation_attempts"

    # Of `state`, which comes back with the answer.
    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    # Of the random cookie of the browser that left.
    browser_digest: Mapped[str] = mapped_column(String(64))
    # Sealed JSON: `attempts.store.Secrets`.
    secrets: Mapped[str] = mapped_column(Text)
    # Signed: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # BCP 47, of the page with the button.
    language: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
    # Sealed JSON: an answer that came as a POST from the provider's site, without this browser's cookies.
    posted_answer: Mapped[str | None] = mapped_column(Text)
