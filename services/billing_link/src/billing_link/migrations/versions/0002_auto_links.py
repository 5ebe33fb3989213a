"""The address by which an auto-link was decided, so that one address makes one link a day."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in the rows there are, and in those of the release before, which does not know it.
    with op.batch_alter_table("auto_links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("address_digest", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_auto_links_address_digest", ["address_digest"])


def downgrade() -> None:
    with op.batch_alter_table("auto_links", schema=None) as batch_op:
        batch_op.drop_index("ix_auto_links_address_digest")
        batch_op.drop_column("address_digest")
