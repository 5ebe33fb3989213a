"""Sign-ins with a provider, as stored: attempts, pending first sign-ins, and what providers posted."""

from datetime import datetime

from sqlalchemy import Boolean, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class FederationAttempt(Model):
    """One authorization request to a provider and what became of it."""

    __tablename__ = "federation_attempts"

    # Of `state` (RFC 6749 §4.1.1).
    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    # Of the secret of the browser that started it (`BrowserBinding`).
    browser_digest: Mapped[str] = mapped_column(String(64))
    # Encrypted JSON: `attempt_store.AttemptSecrets`.
    secrets: Mapped[str] = mapped_column(Text)
    # A `SignedContinuation`: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # BCP 47, of the page with the button.
    language: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
    # Encrypted JSON: a response that the provider's site posted, without this browser's cookies.
    posted_answer: Mapped[str | None] = mapped_column(Text)


class FirstSignIn(Model):
    """An account at a provider that has no resident yet. Holds personal data.

    Several may wait for one address.
    """

    __tablename__ = "first_sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    # What the provider named, whether or not it is the address below.
    provider_email: Mapped[str | None] = mapped_column(String(254))
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254))
    # Verified by the provider; otherwise our own mail verifies it.
    email_proved: Mapped[bool] = mapped_column(Boolean)
    # Empty where not known yet.
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    # RFC 8176 values of the provider, separated by blanks.
    amr: Mapped[str] = mapped_column(String(64))
    # BCP 47, of the page with the button.
    language: Mapped[str] = mapped_column(String(16))
    # A `SignedContinuation`: where the resident was going.
    continuation: Mapped[str] = mapped_column(Text)
    # Of the secret of the browser that came back from the provider (`BrowserBinding`).
    browser_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # When it became a resident.
    completed_at: Mapped[datetime | None]


class ProviderNotice(Model):
    """A security event token that was acted on; providers may send each several times."""

    __tablename__ = "provider_notices"

    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


class DataDeletion(Model):
    """A deletion that a person requested at their provider. Holds no personal data: it is deleted."""

    __tablename__ = "data_deletions"

    # What the person may quote; 128 random bits.
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    done_at: Mapped[datetime] = mapped_column(index=True)
