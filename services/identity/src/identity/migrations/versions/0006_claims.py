"""Claims asked for by name, a city's own names for residents, signed userinfo."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CITIES = sa.table("cities", sa.column("id", sa.String), sa.column("subject_salt", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("cities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subject_salt", sa.String(length=64), nullable=True))
    connection = op.get_bind()
    for city_id in connection.scalars(sa.select(_CITIES.c.id)).all():
        salted = (
            sa.update(_CITIES).where(_CITIES.c.id == city_id).values(subject_salt=secrets.token_urlsafe(32))
        )
        connection.execute(salted)
    with op.batch_alter_table("cities", schema=None) as batch_op:
        batch_op.alter_column("subject_salt", existing_type=sa.String(length=64), nullable=False)

    # The defaults are for the rows there are, and for the release before, which does not know them.
    texts = sa.String(length=16)
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("userinfo_signed_response_alg", texts, nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("subject_type", texts, nullable=False, server_default="public"))
    with op.batch_alter_table("grants", schema=None) as batch_op:
        for name in ("userinfo_claims", "id_token_claims"):
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_column("id_token_claims")
        batch_op.drop_column("userinfo_claims")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("subject_type")
        batch_op.drop_column("userinfo_signed_response_alg")
    with op.batch_alter_table("cities", schema=None) as batch_op:
        batch_op.drop_column("subject_salt")
