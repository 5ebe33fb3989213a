"""Runs several commands of one service in one process, which imports the service once."""

import io
import json
import os
import sys
from importlib.metadata import entry_points


def main() -> None:
    """Read the commands from standard input (JSON: arguments, settings, text) and run them in order.

    Exits with the status of the first command that fails, after a line that names it.
    """
    for command in json.load(sys.stdin):
        name, *_rest = sys.argv = command["arguments"]
        (entry,) = entry_points(group="console_scripts", name=name)
        before = dict(os.environ)
        os.environ.update(command["settings"])
        sys.stdin = io.StringIO(command["text"])
        try:
            entry.load()()
        except SystemExit as end:
            if end.code:
                print(f"This command failed: {' '.join(sys.argv)}")
                raise
        finally:
            os.environ.clear()
            os.environ.update(before)


if __name__ == "__main__":
    main()
