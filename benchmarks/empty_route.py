"""A Flask application that does nothing: what every request to one costs, whatever it is for."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def nothing() -> str:
    """Return nothing."""
    return ""
