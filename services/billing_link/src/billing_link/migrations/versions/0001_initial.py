"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
    )
    op.create_index("ix_attempts_began_at", "attempts", ["began_at"], unique=False)
    op.create_table(
        "audit_events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"], unique=False)
    op.create_index("ix_audit_events_subject", "audit_events", ["subject"], unique=False)
    op.create_table(
        "cities",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cities"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_due", "notices", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "auto_links",
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("link_id", sa.String(length=32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name="fk_auto_links_city_id"),
        sa.PrimaryKeyConstraint("city_id", "subject", "issuer", name="pk_auto_links"),
    )
    op.create_table(
        "earlier_registrations",
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("customer_id_key", sa.String(length=64), nullable=False),
        sa.Column("account_number_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name="fk_earlier_registrations_city_id"),
        sa.PrimaryKeyConstraint(
            "city_id", "email_key", "customer_id_key", "account_number_key", name="pk_earlier_registrations"
        ),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("customer_id_key", sa.String(length=64), nullable=False),
        sa.Column("account_number_key", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name="fk_links_city_id"),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint(
            "city_id",
            "subject",
            "issuer",
            "customer_id_key",
            "account_number_key",
            name="uq_links_resident_and_pair",
        ),
    )
    op.create_index(
        "ix_links_pair", "links", ["city_id", "customer_id_key", "account_number_key"], unique=False
    )
    op.create_table(
        "utility_accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id_key", sa.String(length=64), nullable=False),
        sa.Column("account_number_key", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("account_number", sa.String(length=64), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("service_address", sa.String(length=300), nullable=False),
        sa.Column("mailing_address", sa.String(length=300), nullable=False),
        sa.Column("services", sa.String(length=200), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name="fk_utility_accounts_city_id"),
        sa.PrimaryKeyConstraint("id", name="pk_utility_accounts"),
        sa.UniqueConstraint(
            "city_id", "customer_id_key", "account_number_key", name="uq_utility_accounts_pair"
        ),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("city_id", sa.String(length=64), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("bill_number", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["utility_accounts.id"], name="fk_ledger_entries_account_id"),
        sa.ForeignKeyConstraint(["city_id"], ["cities.id"], name="fk_ledger_entries_city_id"),
        sa.PrimaryKeyConstraint("city_id", "entry_id", name="pk_ledger_entries"),
    )
    op.create_index(
        "ix_ledger_entries_account_id",
        "ledger_entries",
        ["account_id"],
        unique=False,
        postgresql_include=["posted_on", "entry_id", "kind", "amount_cents", "due_on", "bill_number"],
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_account_id", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_table("utility_accounts")
    op.drop_index("ix_links_pair", table_name="links")
    op.drop_table("links")
    op.drop_table("earlier_registrations")
    op.drop_table("auto_links")
    op.drop_index("ix_notices_due", table_name="notices")
    op.drop_table("notices")
    op.drop_table("cities")
    op.drop_index("ix_audit_events_subject", table_name="audit_events")
    op.drop_index("ix_audit_events_at", table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_index("ix_attempts_began_at", table_name="attempts")
    op.drop_table("attempts")
