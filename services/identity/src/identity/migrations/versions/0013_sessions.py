"""Sessions rotate their secrets; devices are forgotten at once; providers revoke what they answered."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null, and a default, for the release before, which does not know them.
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("series_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("former_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("new_device", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_unique_constraint(batch_op.f("uq_sessions_series_digest"), ["series_digest"])
    with op.batch_alter_table("residents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_generation", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("federated_identities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("federated_identities", schema=None) as batch_op:
        batch_op.drop_column("revoked_at")
    with op.batch_alter_table("residents", schema=None) as batch_op:
        batch_op.drop_column("device_generation")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_sessions_series_digest"), type_="unique")
        for name in ("new_device", "confirmed_at", "rotated_at", "former_digest", "series_digest"):
            batch_op.drop_column(name)
