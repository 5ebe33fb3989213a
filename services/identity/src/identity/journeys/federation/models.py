"""Sign-ins with a provider, as stored: attempts, pending residents, and what providers sent."""

from datetime import datetime

from sqlalchemy import Boolean, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class FederationAttempt(Model):
    """One way to a provider and back."""

    __tablename__ = "federation_attempts"

    # Of `state`, which comes back with the answer.
    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    # Of the random cookie of the browser that left.
    browser_digest: Mapped[str] = mapped_column(String(64))
    # Encrypted JSON: `attempt_store.Secrets`.
    secrets: Mapped[str] = mapped_column(Text)
    # Signed: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # BCP 47, of the page with the button.
    language: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
    # Encrypted JSON: an answer that came as a POST from the provider's site, without this browser's cookies.
    posted_answer: Mapped[str | None] = mapped_column(Text)


class FirstSignIn(Model):
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


class ProviderNotice(Model):
    """A security notice that was acted on; providers may send each several times."""

    __tablename__ = "provider_notices"

    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


class DataDeletion(Model):
    """Somebody asked, at their provider, to be forgotten here. Names nobody: nobody is left to name."""

    __tablename__ = "data_deletions"

    # What the person may quote; 128 random bits.
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    done_at: Mapped[datetime] = mapped_column(index=True)
