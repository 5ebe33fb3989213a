"""Interactions and pushed requests, as stored."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model


class Interaction(Model):
    """An authorization request that waits for its resident: to sign in, sign up, choose or consent."""

    __tablename__ = "interactions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # SHA-256 of the secret in the browser's cookie; empty until the first browser resumes it (a cross-site
    # POST brings no cookies).
    browser_digest: Mapped[str] = mapped_column(String(64))
    # The parameters as the client sent them: checked again after every step.
    parameters: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The sessions whose account the resident chose, and with which they consented.
    chosen_session_id: Mapped[str | None] = mapped_column(String(32))
    consented_session_id: Mapped[str | None] = mapped_column(String(32))
    # The pushed request or request object that works once, as in `spent_identifiers`. A browser that opens it
    # again, by a reload, goes on with this interaction.
    request_digest: Mapped[str | None] = mapped_column(String(64), index=True)


class PushedRequest(Model):
    """A pushed authorization request (RFC 9126), for as long as a browser may bring its `request_uri`."""

    __tablename__ = "pushed_requests"

    # SHA-256 of the random part of the `request_uri`.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id", ondelete="CASCADE"))
    # Checked, taken out of their request object if there was one, without the client's credentials.
    parameters: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(index=True)
