"""Logos, as stored."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class ClientLogo(Model):
    """The image that a client's `logo_uri` led to when the client was written."""

    __tablename__ = "client_logos"

    client_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True
    )
    uri: Mapped[str] = mapped_column(String(512))
    # Told from the image itself, not from what its server says.
    media_type: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime]
