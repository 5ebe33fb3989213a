"""Files of SQLite, which hold secrets: for this user alone, before anything is written to them.

SQLite makes `-wal`, `-shm` and `-journal` with the mode of the database; those of an older release are put
right too (docs/decisions/0060).
"""

import os
import stat
from pathlib import Path
from threading import Lock

from sqlalchemy import URL, Engine, event, make_url

_FILE_MODE = 0o600
_BESIDE = ("", "-wal", "-shm", "-journal")
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Of the Filesystem Hierarchy Standard 3.0, entered by every program; and those that hold only such, or homes.
_SYSTEM = frozenset(
    Path("/", name)
    for name in (
        *("", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt"),
        *("opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"),
    )
)
_OF_SYSTEM_FOLDERS = frozenset(map(Path, ("/home", "/run", "/usr", "/usr/local", "/var")))
_creating = Lock()


def keep_private(engine: Engine) -> None:
    """Close the file and its folder to other users before each connection to it is made."""
    file = file_of(engine.url)
    if file is None:
        return

    @event.listens_for(engine, "do_connect")
    def _close_to_others(*_: object) -> None:
        close_to_others(file)


def file_of(url: str | URL) -> Path | None:
    """Return the file of a database; None if it has none of its own."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return None
    return None if parts.database.startswith((":memory:", "file:")) else Path(parts.database)


def close_to_others(file: Path) -> None:
    """Make the database for this user alone; leaves what belongs to another user.

    A folder that other programs share, such as `/var/lib` or `/tmp`, stays as it is.
    """
    file = file.resolve()
    if not is_shared(file.parent):
        _restrict(file.parent)
    with _creating:
        _create(file)
    for suffix in _BESIDE:
        _restrict(file.with_name(file.name + suffix))


def is_open_to_others(path: Path) -> bool:
    """Tell whether the mode lets users in who do not own it; False if there is no such path."""
    try:
        return bool(path.stat().st_mode & _OF_OTHERS)
    except OSError:
        return False


def is_shared(folder: Path) -> bool:
    """Tell whether other programs need the folder: one of the system's, a home, or one that all may write."""
    try:
        all_may_write = bool(folder.stat().st_mode & stat.S_ISVTX)
    except OSError:
        return True
    return all_may_write or folder in _SYSTEM or folder.parent in _OF_SYSTEM_FOLDERS


def _create(file: Path) -> None:
    """Make the file if it is missing: SQLite would make it as the umask says.

    One that exists is never opened: to close it again would take SQLite's locks of this process from it
    (sqlite.org/howtocorrupt.html §2.2), so no other connection begins meanwhile.
    """
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))
    except OSError:
        # It exists, or SQLite says what is wrong.
        return


def _restrict(path: Path) -> None:
    try:
        found = path.lstat()
        if found.st_uid == os.geteuid() and found.st_mode & _OF_OTHERS and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OF_OTHERS)
    except OSError:
        # There is none, or the file system knows no modes.
        return
