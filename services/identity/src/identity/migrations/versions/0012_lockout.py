"""Failures are counted by class of origin, and a mailed code completes a sign-in."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# `rules.OriginClass.STRANGERS` and the number at which it stops.
_STRANGERS, _STOPS_AT = "strangers", 50


def upgrade() -> None:
    # Null for the rows there are, and for the release before, which does not know them.
    with op.batch_alter_table("sign_in_failures", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("counted_on", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("key_id", sa.String(length=8), nullable=True))
    # What the release before counted over all origins stays counted; that release goes on with `all`.
    counts = sa.table(
        "sign_in_failures",
        *(sa.column(name) for name in ("subject", "origin", "failures", "last_failed_at", "counted_on")),
    )
    today = datetime.now(UTC).toordinal()
    in_all = sa.select(
        counts.c.subject,
        sa.literal_column(f"'{_STRANGERS}'"),
        sa.case((counts.c.failures > _STOPS_AT, _STOPS_AT), else_=counts.c.failures),
        counts.c.last_failed_at,
        sa.literal_column(str(today)),
    ).where(counts.c.origin == "all")
    op.execute(
        counts.insert().from_select(["subject", "origin", "failures", "last_failed_at", "counted_on"], in_all)
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("password_digest", sa.String(length=64), nullable=False),
        sa.Column("remember_me", sa.Boolean(), nullable=False),
        sa.Column("attempts_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_codes")),
    )
    with op.batch_alter_table("sign_in_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_codes_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sign_in_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_codes_expires_at"))
    op.drop_table("sign_in_codes")
    with op.batch_alter_table("sign_in_failures", schema=None) as batch_op:
        for name in ("key_id", "told_at", "counted_on", "used_at"):
            batch_op.drop_column(name)
