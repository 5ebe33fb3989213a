"""What must hold for the files of this repository."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pip._internal.models.index import PyPI

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
INPUTS = sorted((ROOT / "requirements").glob("*.in"))
# Of the environments in which the tests drive clients of others: what they pin is their own affair.
CLIENT_LOCKS = sorted((ROOT / "tests/protocol/clients").glob("*/requirements.txt"))
NODE_LOCKS = (
    ROOT / "deploy/assets/package-lock.json",
    ROOT / "tests/protocol/clients/node/package-lock.json",
)
LONGEST_FILE = 300


def files() -> list[Path]:
    """Return the files of the repository: those that git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def requirements(file: Path) -> list[Requirement]:
    lines = [line.split("#")[0].strip(" \\\n") for line in file.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("--")]


@pytest.mark.parametrize("lock", LOCKS + CLIENT_LOCKS, ids=name_of)
def test_a_lock_names_no_address_and_no_path(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert not re.search(r"(^|\s)(-e |file:|\.{0,2}/)", text.replace("--hash", "")), "a path"


@pytest.mark.parametrize("lock", LOCKS + CLIENT_LOCKS, ids=name_of)
def test_a_lock_pins_each_package_by_version_and_hash(lock: Path) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text(), flags=re.IGNORECASE)
    pinned = [block for block in blocks if not block.startswith("#")]

    assert pinned
    for block in pinned:
        assert re.match(r"[\w.\[\],-]+==[\w.!+]+ ", block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize(
    "lock", [lock for lock in LOCKS + CLIENT_LOCKS if lock.with_suffix(".in").exists()], ids=name_of
)
def test_a_lock_has_what_its_input_asks_for(lock: Path) -> None:
    pinned = {requirement.name for requirement in requirements(lock)}

    assert {requirement.name for requirement in requirements(lock.with_suffix(".in"))} <= pinned


def test_all_locks_agree_on_versions() -> None:
    pins: dict[tuple[str, str], set[str]] = {}
    for lock in LOCKS:
        for requirement in requirements(lock):
            key = (requirement.name, str(requirement.marker or ""))
            pins.setdefault(key, set()).add(str(requirement.specifier))

    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=name_of)
def test_a_lock_of_npm_has_hashes_and_no_package_has_an_address(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]

    assert not any("resolved" in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    home = re.compile(r"(?<![\w.])/(home|Users)/\w|(?<![\w.])/root/")
    # Too short a name, such as that of a directory at the root, would be found in innocent text.
    here = str(ROOT) if len(ROOT.parts) > 2 else None
    found = [
        file.relative_to(ROOT)
        for file in files()
        if file != Path(__file__) and (home.search(text := text_of(file)) or (here and here in text))
    ]

    assert found == []


def test_no_file_names_a_package_registry() -> None:
    # Asked of pip itself, so that this file does not name one either.
    hosts = (PyPI.netloc, PyPI.file_storage_domain)
    found = [file.relative_to(ROOT) for file in files() if any(host in text_of(file) for host in hosts)]

    assert found == []


def test_no_source_file_is_too_long_to_be_one_thing() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in files()
        if file.suffix == ".py" and not re.search(r"_pb2|/migrations/|/tests/", str(file))
        if (lines := len(text_of(file).splitlines())) > LONGEST_FILE
    }

    assert long == {}


def test_make_alone_lists_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607 - the system's make

    assert commands is not None
    assert re.findall(r"^make ([a-z-]+) +\S", listed, re.MULTILINE) == commands.group(1).split()


def test_every_silenced_check_says_why() -> None:
    silenced = re.compile(r"#\s*(?:noqa|type: ignore)\b(?P<rest>[^\n]*)")
    without = [
        f"{file.relative_to(ROOT)}: {match.group(0)}"
        for file in files()
        if file.suffix == ".py" and "_pb2" not in file.name and file != Path(__file__)
        for match in silenced.finditer(text_of(file))
        if not re.search(r" - \w|#", match.group("rest"))
    ]

    assert without == []
