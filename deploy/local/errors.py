"""The error that stops a start before any process runs."""


class LocalError(Exception):
    """A start is not possible; the text names the port, setting or command, and what to do."""
