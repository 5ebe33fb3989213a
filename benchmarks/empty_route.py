"""A Flask application with one empty route: the lower bound of every Flask request."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def nothing() -> str:
    """Return an empty response."""
    return ""
