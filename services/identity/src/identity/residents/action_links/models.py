"""A mailed link, as stored."""

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.storage import Model

# The newest, not spent: at most one for each purpose and subject, also under concurrency.
OPEN = text("spent_at IS NULL AND replaced_at IS NULL")


class ActionLink(Model):
    """One link that was mailed."""

    __tablename__ = "action_links"
    __table_args__ = (
        Index(
            "uq_action_links_open",
            "purpose",
            "subject",
            unique=True,
            postgresql_where=OPEN,
            sqlite_where=OPEN,
        ),
    )

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # A value of `purposes.Purpose`.
    purpose: Mapped[str] = mapped_column(String(32))
    # What it is for: the identifier of a pending registration or a resident.
    subject: Mapped[str] = mapped_column(String(32), index=True)
    # Signed: the page that the resident was going to when they asked for the mail.
    continuation: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]
    # Since then there is a newer one for the same purpose and subject; this one works all the same.
    replaced_at: Mapped[datetime | None]
