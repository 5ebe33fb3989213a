"""Requests that work once are spent when they are answered; what clients tell residents; sectors."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_ADDRESSES = ("sector_identifier_uri", "logo_uri", "policy_uri", "tos_uri")


def upgrade() -> None:
    # Null for the release before, which spends a request when it is opened.
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request_digest", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_interactions_request_digest"), ["request_digest"])
    # The defaults are for the rows there are, and for the release before, which does not know them.
    with op.batch_alter_table("clients", schema=None) as batch_op:
        for name in _ADDRESSES:
            batch_op.add_column(sa.Column(name, sa.String(length=512), nullable=False, server_default=""))
    op.create_table(
        "client_logos",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("uri", sa.String(length=512), nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_logos_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_logos")),
    )
    with op.batch_alter_table("registration_invitations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("pkce_required", sa.Boolean(), nullable=False, server_default=sa.true())
        )


def downgrade() -> None:
    with op.batch_alter_table("registration_invitations", schema=None) as batch_op:
        batch_op.drop_column("pkce_required")
    op.drop_table("client_logos")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        for name in reversed(_ADDRESSES):
            batch_op.drop_column(name)
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interactions_request_digest"))
        batch_op.drop_column("request_digest")
