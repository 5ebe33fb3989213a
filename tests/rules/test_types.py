"""In the protocol's code, `Any` stays inside the two files that have a reason for it."""

import ast
from pathlib import Path

OIDC = Path(__file__).parents[2] / "services/identity/src/identity/oidc"
# A row of a statement; a value of JSON metadata before its type is checked. Neither leaves its file.
WITH_ANY = {"grants/store.py", "client_registration/metadata.py"}


def files_with_any(tree: Path) -> set[str]:
    """Return the files that import `typing.Any`."""
    return {
        str(file.relative_to(tree))
        for file in tree.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "typing"
        if any(alias.name == "Any" for alias in node.names)
    }


def test_any_stays_in_two_files() -> None:
    assert files_with_any(OIDC) == WITH_ANY


def test_a_planted_any_is_found(tmp_path: Path) -> None:
    (tmp_path / "token.py").write_text("from typing import Any\n\nserver: Any\n")
    assert files_with_any(tmp_path) == {"token.py"}
