"""How alembic reaches the database."""

from alembic import context

from portal.sign_in import models as _sign_in
from portal.sign_in.backchannel_logout import models as _backchannel_logout
from portal.storage import Base, migration_engine
from portal.web.sessions import models as _sessions

TABLES = (
    _sign_in.SignInAttempt,
    _sessions.SessionRow,
    _backchannel_logout.UsedLogoutToken,
)  # named so that they are known to Base.metadata


def run() -> None:
    engine = migration_engine(context.config.attributes["database_url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
