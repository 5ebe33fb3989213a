"""A resident's account at a provider, as stored."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class FederatedIdentity(Base):
    """One account at one provider, which is one resident's only way in."""

    __tablename__ = "federated_identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Compared to the letter (OpenID Connect Core §2).
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), unique=True
    )
    # The address that the provider named last; never used to find anybody.
    provider_email: Mapped[str | None] = mapped_column(String(254))
    # A changed one, until the resident has said whether it shall be theirs here too.
    offered_email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
