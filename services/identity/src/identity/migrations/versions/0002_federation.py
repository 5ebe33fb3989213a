"""Residents who sign in with a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_deletions",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_data_deletions")),
    )
    with op.batch_alter_table("data_deletions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_deletions_done_at"), ["done_at"], unique=False)

    op.create_table(
        "federation_attempts",
        sa.Column("state_digest", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("continuation", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_federation_attempts")),
    )
    with op.batch_alter_table("federation_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_federation_attempts_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "first_sign_ins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("provider_email", sa.String(length=254), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("email_proved", sa.Boolean(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("amr", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("continuation", sa.Text(), nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_first_sign_ins")),
    )
    with op.batch_alter_table("first_sign_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_first_sign_ins_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "provider_notices",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name=op.f("pk_provider_notices")),
    )
    with op.batch_alter_table("provider_notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_provider_notices_received_at"), ["received_at"], unique=False)

    op.create_table(
        "federated_identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("resident_id", sa.String(length=32), nullable=False),
        sa.Column("provider_email", sa.String(length=254), nullable=True),
        sa.Column("offered_email", sa.String(length=254), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"],
            ["residents.id"],
            name=op.f("fk_federated_identities_resident_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_federated_identities")),
        sa.UniqueConstraint("resident_id", name=op.f("uq_federated_identities_resident_id")),
    )
    with op.batch_alter_table("cities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sign_in_methods", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("cities", schema=None) as batch_op:
        batch_op.drop_column("sign_in_methods")

    op.drop_table("federated_identities")
    with op.batch_alter_table("provider_notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_provider_notices_received_at"))

    op.drop_table("provider_notices")
    with op.batch_alter_table("first_sign_ins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_first_sign_ins_expires_at"))

    op.drop_table("first_sign_ins")
    with op.batch_alter_table("federation_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_federation_attempts_expires_at"))

    op.drop_table("federation_attempts")
    with op.batch_alter_table("data_deletions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_data_deletions_done_at"))

    op.drop_table("data_deletions")
