"""Logout tokens that were taken."""

import sqlalchemy as sa
from alembic import op
from portal.storage import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_logout_tokens",
        sa.Column("jti_digest", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("jti_digest", name=op.f("pk_used_logout_tokens")),
    )
    op.create_index(op.f("ix_used_logout_tokens_expires_at"), "used_logout_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("used_logout_tokens")
