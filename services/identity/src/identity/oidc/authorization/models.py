"""Pushed requests, as stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Base


class PushedRequest(Base):
    """An authorization request that waits for the browser to bring its `request_uri`."""

    __tablename__ = "pushed_requests"

    # SHA-256 of the random part of the `request_uri`.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # Checked, and out of their request object if there was one; without what authenticated the client.
    parameters: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(index=True)
