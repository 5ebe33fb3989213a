"""Mails that strangers may have sent to one address; links by their subject."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENTS = ("recovery_until", "unlock_until", "verification_until", "notice_until", "stopped_until")


def upgrade() -> None:
    op.create_table(
        "mail_allowances",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in _MOMENTS),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_mail_allowances")),
    )
    with op.batch_alter_table("mail_allowances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_allowances_expires_at"), ["expires_at"])
    with op.batch_alter_table("action_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_links_subject"), ["subject"])


def downgrade() -> None:
    with op.batch_alter_table("action_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_links_subject"))
    op.drop_table("mail_allowances")
