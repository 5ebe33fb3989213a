"""Client keys and certificates, pushed requests, proofs of possession."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003_token"
branch_labels = None
depends_on = None

_TEXTS = (("jwks_uri", 512), ("tls_client_auth_subject_dn", 512), ("profile", 16))
_SWITCHES = (
    "tls_client_certificate_bound_access_tokens",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
)


def upgrade() -> None:
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("jwks", sa.JSON(none_as_null=True), nullable=True))
        # The defaults are for the rows there are, and for the release before, which does not know them.
        for name, length in _TEXTS:
            batch_op.add_column(sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
        for name in _SWITCHES:
            batch_op.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dpop_jkt", sa.String(length=43), nullable=True))

    op.create_table(
        "pushed_requests",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_pushed_requests_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pushed_requests")),
    )
    with op.batch_alter_table("pushed_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pushed_requests_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "spent_identifiers",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_identifiers")),
    )
    with op.batch_alter_table("spent_identifiers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_spent_identifiers_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    for table in ("spent_identifiers", "pushed_requests"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(batch_op.f(f"ix_{table}_expires_at"))
        op.drop_table(table)
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_column("dpop_jkt")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        for name in (*_SWITCHES, *(text for text, _length in _TEXTS), "jwks"):
            batch_op.drop_column(name)
