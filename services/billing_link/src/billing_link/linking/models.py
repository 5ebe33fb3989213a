"""The tables of cities, links and attempts."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing_link.storage import Base


class CityRow(Base):
    """One city."""

    __tablename__ = "cities"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    # `cities.City`, as the operator put it.
    document: Mapped[dict[str, object]] = mapped_column(JSON)
    put_at: Mapped[datetime]


class LinkRow(Base):
    """One resident's link to one pair of numbers, which is an account's key wherever its records are kept."""

    __tablename__ = "links"
    __table_args__ = (
        UniqueConstraint(
            "city_id",
            "subject",
            "issuer",
            "customer_id_key",
            "account_number_key",
            name="uq_links_resident_and_pair",
        ),
        Index("ix_links_pair", "city_id", "customer_id_key", "account_number_key"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    customer_id_key: Mapped[str] = mapped_column(String(64))
    account_number_key: Mapped[str] = mapped_column(String(64))
    # A value of `links.Origin`.
    origin: Mapped[str] = mapped_column(String(16))
    linked_at: Mapped[datetime]
    # Auto-links only.
    undo_until: Mapped[datetime | None]


class AutoLinkRow(Base):
    """The outcome of the auto-link of one resident in one city."""

    __tablename__ = "auto_links"

    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    # A value of `links.AutoLinkOutcome`.
    outcome: Mapped[str] = mapped_column(String(16))
    # The link that was made; empty if none was, or once it is undone.
    link_id: Mapped[str] = mapped_column(String(32))
    decided_at: Mapped[datetime]
    # A hash of city and verified e-mail address; null in rows of an earlier release.
    address_digest: Mapped[str | None] = mapped_column(String(64), index=True)


class AttemptsRow(Base):
    """Failed attempts by one resident, or at one customer ID, in the hour since the first of them."""

    __tablename__ = "attempts"

    # A hash of city and resident, or of city and customer ID.
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int] = mapped_column(Integer)
