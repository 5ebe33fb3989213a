"""A signing key, as stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class KeyState(StrEnum):
    """The state of a key."""

    # Published so that verifiers know it before its first signature.
    NEXT = "next"
    # Signs. One for each algorithm.
    ACTIVE = "active"
    # Signs no more; published until its last token has expired (`removed_at`).
    RETIRED = "retired"
    # Withdrawn by an operator: no token that it signed is accepted.
    REVOKED = "revoked"


_ONE_ACTIVE = text("state = 'active'")


class SigningKey(Model):
    """One key pair. Holds a secret: the private key, encrypted."""

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
    # The private JWK as encrypted JSON; empty once the key is retired or revoked.
    private_sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    # Since then it is not in the JWK Set.
    removed_at: Mapped[datetime | None]
