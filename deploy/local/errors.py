"""What stops a start before anything runs."""


class LocalError(Exception):
    """Something to mend first; its text names the port, setting or tool, and what to do about it."""
