"""Invitations and the clients that registered themselves, as stored."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Invitation(Model):
    """An initial access token, and what may be registered with it. Kept as long as its clients."""

    __tablename__ = "registration_invitations"

    # Ten lower-case letters and digits, which operators read aloud.
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    # SHA-256 of the token: 256 random bits.
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"))
    # Hosts of a client's URLs; with a port unless it is 443. On loopback any port.
    redirect_hosts: Mapped[list[str]] = mapped_column(JSON)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    grant_types: Mapped[list[str]] = mapped_column(JSON)
    # False: for clients whose library cannot do PKCE.
    pkce_required: Mapped[bool] = mapped_column(Boolean, default=True)
    registrations_left: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SelfRegistration(Model):
    """A client that registered itself and manages its registration (RFC 7592)."""

    __tablename__ = "self_registrations"

    client_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True
    )
    # Later changes must keep to this invitation too.
    invitation_id: Mapped[str] = mapped_column(String(16), ForeignKey("registration_invitations.id"))
    # SHA-256 of the registration access token: 256 random bits.
    token_digest: Mapped[str] = mapped_column(String(64))
    registered_at: Mapped[datetime]
