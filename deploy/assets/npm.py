"""Installs locked npm packages with the machine's npm, or, without one, with Node from its wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def install(directory: Path, what: str) -> None:
    """Install the packages locked in a directory; exits with one line about `what` when both ways fail."""
    npm = shutil.which("npm")
    if (
        npm
        and subprocess.run([npm, *COMMAND], cwd=directory, stdout=subprocess.DEVNULL, check=False).returncode
        == 0
    ):
        return
    print("No usable npm on this machine: installing Node from its wheel", flush=True)
    binaries = Path(sys.executable).parent
    # Like uv and pip, Node then trusts the certificates that this machine trusts.
    environment = os.environ | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "NODE_USE_SYSTEM_CA": "1",
    }
    steps = (
        (ROOT, ["sh", "requirements/install.sh", "node"]),
        (directory, [str(binaries / "npm"), *COMMAND]),
    )
    for place, step in steps:
        if subprocess.run(step, cwd=place, env=environment, check=False).returncode != 0:
            sys.exit(f"{what} could not be fetched: see the lines above, then try again")
