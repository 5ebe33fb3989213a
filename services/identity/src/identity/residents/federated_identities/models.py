"""A resident's account at a provider, as stored."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class FederatedIdentity(Model):
    """One account at one provider: the only sign-in method of its resident."""

    __tablename__ = "federated_identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Compared exactly (OpenID Connect Core §2).
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    resident_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("residents.id", ondelete="CASCADE"), unique=True
    )
    # The address that the provider named last; never used to find a resident.
    provider_email: Mapped[str | None] = mapped_column(String(254))
    # A changed address, until the resident has answered whether to use it here too.
    offered_email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    # When the provider last reported that the account may be in other hands, in microseconds since 1970: of
    # two moments in one second the later one decides.
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
