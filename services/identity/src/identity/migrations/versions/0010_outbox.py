"""Messages name what may be slow in taking them; addresses that the mail server refused."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the rows there are, and for the release before, which does not know the columns.
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("destination", sa.String(length=255), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "refused_addresses",
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("reply", sa.String(length=16), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_digest", name=op.f("pk_refused_addresses")),
    )
    with op.batch_alter_table("refused_addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refused_addresses_refused_at"), ["refused_at"])


def downgrade() -> None:
    op.drop_table("refused_addresses")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("attempted_at")
        batch_op.drop_column("destination")
