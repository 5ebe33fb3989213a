"""What SQLite writes is for its own user, with every umask."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from identity.database_files import close_to_others, is_shared
from identity.migrations import upgrade
from identity.storage import Storage
from sqlalchemy import text


@pytest.fixture(autouse=True)
def _open_by_default() -> Iterator[None]:
    """Make what is made readable and writable for all, as a careless umask does."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(0o777)
    return folder


def modes(folder: Path) -> dict[str, str]:
    """Return the mode of the folder and of each file in it, octal."""
    return {path.name: oct(path.stat().st_mode & 0o7777) for path in (folder, *folder.iterdir())}


def use(file: Path) -> dict[str, str]:
    """Write to the database, and return the modes while it is open."""
    storage = Storage(f"sqlite:///{file}")
    storage.init_app(Flask("identity"))
    with storage:
        with storage.autocommit() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS things (name TEXT)"))
        return modes(file.parent)


def test_a_new_database_and_what_is_beside_it_is_for_its_user_alone(folder: Path) -> None:
    assert use(folder / "identity.db") == {
        "data": "0o700",
        **dict.fromkeys(("identity.db", "identity.db-wal", "identity.db-shm"), "0o600"),
    }


def test_migrations_make_it_so_too(folder: Path) -> None:
    upgrade(f"sqlite:///{folder}/identity.db")
    assert modes(folder) == {"data": "0o700", "identity.db": "0o600"}


def test_what_an_older_release_left_open_is_closed(folder: Path) -> None:
    file = folder / "identity.db"
    with sqlite3.connect(file) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("CREATE TABLE secrets (value TEXT)")
        old.commit()
        assert set(modes(folder).values()) == {"0o777", "0o644"}
        assert set(use(file).values()) == {"0o700", "0o600"}
    old.close()


def test_a_journal_that_was_left_is_closed(folder: Path) -> None:
    (folder / "identity.db").touch(0o640)
    (folder / "identity.db-journal").touch(0o644)
    close_to_others(folder / "identity.db")
    assert modes(folder) == {"data": "0o700", "identity.db": "0o600", "identity.db-journal": "0o600"}


def test_a_file_that_its_user_may_not_write_stays_so(folder: Path) -> None:
    (folder / "identity.db").touch(0o444)
    close_to_others(folder / "identity.db")
    assert modes(folder)["identity.db"] == "0o400"


def test_a_link_is_followed_to_the_database_and_nothing_beside_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").touch(0o644)
    (folder / "identity.db-wal").symlink_to(tmp_path / "other")
    (tmp_path / "link.db").symlink_to(folder / "identity.db")
    close_to_others(tmp_path / "link.db")
    assert modes(folder)["identity.db"] == "0o600"
    assert oct((tmp_path / "other").stat().st_mode & 0o777) == "0o644"


def test_a_folder_that_is_not_there_is_left_to_sqlite(tmp_path: Path) -> None:
    close_to_others(tmp_path / "no" / "such" / "folder" / "identity.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["/", "/srv", "/var/lib", "/usr/local/share", "/opt", "/run/lock"])
def test_a_folder_of_the_system_is_never_closed(folder: str) -> None:
    assert is_shared(Path(folder))


def test_a_folder_that_all_may_write_is_not_closed(tmp_path: Path) -> None:
    shared = tmp_path / "drop"
    shared.mkdir()
    shared.chmod(0o1777)
    close_to_others(shared / "identity.db")
    assert modes(shared) == {"drop": "0o1777", "identity.db": "0o600"}
