"""Logout tokens tell what they ended; sessions rotate their secrets."""

import sqlalchemy as sa
from alembic import op
from portal.storage import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Defaults, and null, for the release before, which does not know them.
    with op.batch_alter_table("used_logout_tokens") as batch_op:
        batch_op.add_column(sa.Column("identity_sid", sa.String(255), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("subject", sa.String(255), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("accepted_at", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.add_column(sa.Column("series_digest", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("former_digest", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("rotated_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", UtcDateTime(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_sessions_series_digest"), ["series_digest"])


def downgrade() -> None:
    with op.batch_alter_table("sessions") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_sessions_series_digest"), type_="unique")
        for name in ("confirmed_at", "rotated_at", "former_digest", "series_digest"):
            batch_op.drop_column(name)
    with op.batch_alter_table("used_logout_tokens") as batch_op:
        for name in ("accepted_at", "subject", "identity_sid"):
            batch_op.drop_column(name)
