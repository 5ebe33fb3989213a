"""The application of the command line and the worker: the database, without pages."""

from flask import Flask

from identity.database_connections import FOR_COMMANDS
from identity.storage import Storage


def create_command_line_app(database_url: str, *, statement_seconds: float = FOR_COMMANDS) -> Flask:
    """Return an application whose context carries transactions; its `Storage` is `extensions["identity"]`."""
    app = Flask("identity")
    storage = Storage(database_url, statement_seconds=statement_seconds)
    storage.init_app(app)
    app.extensions["identity"] = storage
    return app
