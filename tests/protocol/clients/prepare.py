"""Makes the environments in which tests drive clients of others. `make test` runs it; quick if made already.

The Python clients get one each in `.local/clients`, made from their locks; the ones for Node are installed
beside their scripts.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.assets import npm

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[2] / ".local/clients"
UV = Path(sys.executable).with_name("uv")
PIP = Path(sys.executable).with_name("pip")
MARK = ".made-of"


def fingerprint(lock: Path, place: Path) -> str:
    """Return what an environment depends on: the lock, and where it stands."""
    return hashlib.sha256(lock.read_bytes() + str(place).encode() + sys.version.encode()).hexdigest()


def is_current(place: Path, made_of: str) -> bool:
    mark = place / MARK
    return mark.is_file() and mark.read_text() == made_of


def make_python(lock: Path) -> None:
    """Make one client's environment."""
    place = ENVIRONMENTS / lock.parent.name
    made_of = fingerprint(lock, place)
    if is_current(place, made_of):
        return
    print(f"Installing {lock.parent.name} for the tests", flush=True)  # noqa: T201 - speaks to the terminal
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, place], check=True)  # noqa: S603 - our own tool
    python, pinned = place / "bin/python", ["--require-hashes", "-r", lock]
    # pip takes five times as long as uv, but knows the mirrors and proxies that this machine is set up with.
    quick = [UV, "pip", "install", "--quiet", "--system-certs", "--python", python, *pinned]
    if subprocess.run(quick, check=False).returncode != 0:  # noqa: S603 - as above
        subprocess.run([PIP, "--python", python, "install", "--quiet", *pinned], check=True)  # noqa: S603 - as above
    (place / MARK).write_text(made_of)


def make_node() -> None:
    """Install the packages for Node."""
    place = HERE / "node"
    made_of = fingerprint(place / "package-lock.json", place)
    if is_current(place / "node_modules", made_of):
        return
    print("Installing the clients for Node for the tests", flush=True)  # noqa: T201 - speaks to the terminal
    npm.install(place, "The clients for Node")
    (place / "node_modules" / MARK).write_text(made_of)


def main() -> None:
    """Make what is missing or old."""
    for lock in sorted(HERE.glob("*/requirements.txt")):
        make_python(lock)
    make_node()


if __name__ == "__main__":
    main()
