"""A signing key, as stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class KeyState(StrEnum):
    """Where a key stands in its life."""

    # Published so that verifiers know it before its first signature.
    NEXT = "next"
    # Signs. One for each algorithm.
    ACTIVE = "active"
    # Signs no more; published until the last token it signed is dead (`removed_at`).
    RETIRED = "retired"
    # Withdrawn at once by an operator: nothing it signed is trusted.
    REVOKED = "revoked"


_ONE_ACTIVE = text("state = 'active'")


class SigningKey(Model):
    """One key pair."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        Index(
            "uq_signing_keys_active",
            "alg",
            unique=True,
            postgresql_where=_ONE_ACTIVE,
            sqlite_where=_ONE_ACTIVE,
        ),
    )

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    # `ES256`, `RS256` (RFC 7518 §3.1) or `EdDSA` (RFC 8037 §3.1).
    alg: Mapped[str] = mapped_column(String(16))
    # A value of `KeyState`.
    state: Mapped[str] = mapped_column(String(16))
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSON)
    # The private JWK as sealed JSON; emptied as soon as the key signs no more.
    private_sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    # When it left the published set.
    removed_at: Mapped[datetime | None]
