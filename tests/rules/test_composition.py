"""Only composition wires: what it constructs is constructed nowhere else in identity, and once.

The command line and the worker start without pages and are composition roots of their own.
"""

import ast
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

IDENTITY = Path(__file__).parents[2] / "services/identity/src/identity"
ROOTS = ("composition", "cli", "app.py", "migrations")
# What commands start with, in processes of their own.
OF_COMMANDS = ("command_line.py", "staff.py")
# Not parts of the service but values: one button a provider, one HTTP client for each kind of peer, one entry
# for each form with a password.
VALUES = {
    "identity.web.sign_in_methods.ProviderButton",
    "identity.outbound_http.OutboundHttp",
    "identity.web.busy_pages.PasswordForm",
}


def constructions(file: Path) -> Iterator[tuple[str, int]]:
    """Return every call of a class of identity: its full name, and the line."""
    module = ast.parse(file.read_text())
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("identity.")
        for alias in node.names
        if alias.name[0].isupper()
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported:
            yield imported[node.func.id], node.lineno


def wired(tree: Path, *, without: tuple[str, ...] = ()) -> Counter[str]:
    """Return how often composition constructs each class."""
    files = [file for file in (tree / "composition").glob("*.py") if file.name not in without]
    return Counter(name for file in files for name, _ in constructions(file) if name not in VALUES)


def repeated(tree: Path) -> set[str]:
    """Return the classes that the server constructs more than once."""
    return {name for name, times in wired(tree, without=OF_COMMANDS).items() if times > 1}


def constructed_elsewhere(tree: Path) -> list[str]:
    """Return the places outside the roots that construct what composition constructs."""
    names = wired(tree)
    return [
        f"{file.relative_to(tree)}:{line} {name}"
        for file in sorted(tree.rglob("*.py"))
        if file.relative_to(tree).parts[0] not in ROOTS
        for name, line in constructions(file)
        if name in names
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of identity's modules."""
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates", "translations")
    return Path(shutil.copytree(IDENTITY, tmp_path / "identity", ignore=ignored))


def test_only_composition_constructs_what_it_constructs() -> None:
    assert wired(IDENTITY)
    assert constructed_elsewhere(IDENTITY) == []


def test_composition_constructs_each_thing_once() -> None:
    assert repeated(IDENTITY) == set()


def test_a_planted_second_place_is_caught(tree: Path) -> None:
    with (tree / "oidc/endpoints/jwks.py").open("a") as file:
        file.write("\nfrom identity.rate_limits.limiter import RateLimiter\nlimiter = RateLimiter()\n")
    [found] = constructed_elsewhere(tree)
    assert found.startswith("oidc/endpoints/jwks.py:")
    assert found.endswith(" identity.rate_limits.limiter.RateLimiter")


def test_a_planted_second_one_is_caught(tree: Path) -> None:
    with (tree / "composition/api.py").open("a") as file:
        file.write("\nfrom identity.signing_keys.key_set import KeySet\nkey_set = KeySet()\n")
    assert "identity.signing_keys.key_set.KeySet" in repeated(tree)
