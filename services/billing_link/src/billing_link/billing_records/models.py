"""The tables of the billing records. Numbers are text: as printed, and in normal form for comparison."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing_link.storage import Base

# SQLite generates row numbers for INTEGER primary keys only.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class UtilityAccountRow(Base):
    """One utility account."""

    __tablename__ = "utility_accounts"
    __table_args__ = (
        UniqueConstraint("city_id", "customer_id_key", "account_number_key", name="uq_utility_accounts_pair"),
    )

    id: Mapped[int] = mapped_column(_RowNumber, primary_key=True)
    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"))
    customer_id_key: Mapped[str] = mapped_column(String(64))
    account_number_key: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[str] = mapped_column(String(64))
    account_number: Mapped[str] = mapped_column(String(64))
    customer_name: Mapped[str] = mapped_column(String(200))
    service_address: Mapped[str] = mapped_column(String(300))
    mailing_address: Mapped[str] = mapped_column(String(300))
    # Joined by spaces: `water sewer`.
    services: Mapped[str] = mapped_column(String(200))
    # None while the account is active.
    closed_on: Mapped[date | None]


class LedgerEntryRow(Base):
    """One entry of an account's ledger."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        # Covers the read of one account's whole ledger (PostgreSQL).
        Index(
            "ix_ledger_entries_account_id",
            "account_id",
            postgresql_include=["posted_on", "entry_id", "kind", "amount_cents", "due_on", "bill_number"],
        ),
    )

    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"), primary_key=True)
    # Unique in the city: an import finds an existing entry by it.
    entry_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("utility_accounts.id"))
    # A value of `statement.EntryKind`.
    kind: Mapped[str] = mapped_column(String(16))
    posted_on: Mapped[date]
    # Bills only.
    due_on: Mapped[date | None]
    # The effect on the balance.
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    # Bills only; else empty.
    bill_number: Mapped[str] = mapped_column(String(64))


class EarlierRegistrationRow(Base):
    """One registration in the city's earlier system."""

    __tablename__ = "earlier_registrations"

    city_id: Mapped[str] = mapped_column(String(64), ForeignKey("cities.id"), primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254), primary_key=True)
    customer_id_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_number_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
