"""Run by Alembic, on the connection that `billing_link.migrations` opened."""

from alembic import context

import billing_link.audit.models
import billing_link.billing_records.models
import billing_link.linking.models
import billing_link.notifications.models  # noqa: F401 - each adds its tables to the metadata
from billing_link.storage import Base, UtcDateTime


def _render(kind: str, item: object, _context: object) -> str | bool:
    """Write our own types as what they are on the database: a revision must not change when the code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
