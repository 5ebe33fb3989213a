"""The application of the command line and the worker: the database, without pages."""

from flask import Flask

from identity.storage import Storage


def create_command_line_app(database_url: str) -> Flask:
    """Return an application whose context carries transactions; its `Storage` is `extensions["identity"]`.

    A single statement may run for minutes, as the deletion of old rows after a long pause does.
    """
    app = Flask("identity")
    storage = Storage(database_url, patient=True)
    storage.init_app(app)
    app.extensions["identity"] = storage
    return app
