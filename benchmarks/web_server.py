"""`python -m benchmarks.web_server MODULE:NAME HOST:PORT`: an application on the web server of identity."""

import os
import sys
from pathlib import Path

from identity.web.admission import THREADS
from identity.web_server import server


def command(application: str, port: int) -> list[str]:
    """Return the command that serves an application, `module:name`, as `identity serve` does."""
    return [sys.executable, "-m", "benchmarks.web_server", application, f"127.0.0.1:{port}"]


if __name__ == "__main__":
    # The web server looks in no current directory.
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    server.serve(sys.argv[1], setting="HOST:PORT", bind=sys.argv[2], processes=1, threads=THREADS)
