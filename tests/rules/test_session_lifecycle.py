"""Sessions begin and end, and grants are revoked, in one place each: what must follow is written there.

The rules read names, so a store's writing methods have names that no other store has.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from identity.oidc.grants.store import Grants
from identity.residents.sessions.store import Sessions

IDENTITY = Path(__file__).parents[2] / "services/identity/src/identity"

# Who may call what begins, renews or ends a session, and what revokes a grant.
CALLERS = {
    "insert_session": "residents/sessions/lifecycle.py",
    "replace_secret": "residents/sessions/lifecycle.py",
    "mark_ended": "residents/sessions/lifecycle.py",
    "mark_all_ended": "residents/sessions/lifecycle.py",
    "revoke_grant": "oidc/grants/revocation.py",
    "revoke_grants_of_resident": "oidc/grants/revocation.py",
    "revoke_grants_of_client": "oidc/grants/revocation.py",
}
# What everyone may call: reads, the note that a session was used, and the cleaner's deletion.
SESSION_METHODS = {
    "find_session",
    "list_live_sessions",
    "touch_session",
    "rotate_secret",
    "confirm_secret",
    "find_sign_in",
    "is_live",
    "count_new_devices",
    "delete_old",
}
# Who may write a table at all.
TABLES = {
    "identity.residents.sessions.models.Session": "residents/sessions/store.py",
    "identity.oidc.grants.models.Grant": "oidc/grants/store.py",
}
# As `table("sessions", …)` names one without importing it.
TABLE_NAMES = {"'sessions'": "sessions", "'grants'": "grants"}
WRITING = {"insert", "update", "delete", "insert_into", "delete_some"}


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(root.rglob("*.py")):
        name = str(file.relative_to(root))
        if not name.startswith("migrations/"):
            yield name, ast.parse(file.read_text())


def forbidden_calls(root: Path) -> list[str]:
    """Return every use of a writing method outside the one module that may."""
    return [
        f"{name}:{node.lineno}: {node.attr}"
        for name, module in modules(root)
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and CALLERS.get(node.attr, name) != name
    ]


def forbidden_writes(root: Path) -> list[str]:
    """Return every statement that writes one of the tables outside its store."""
    return [
        f"{name}:{line}: {table}"
        for name, module in modules(root)
        for line, table in _written(module)
        if TABLES.get(table) != name
    ]


def _written(module: ast.Module) -> Iterator[tuple[int, str]]:
    names = _names(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITING:
            for argument in node.args:
                if (table := names.get(ast.unparse(argument))) is not None:
                    yield node.lineno, table


def _names(module: ast.Module) -> dict[str, str]:
    """Return what means one of the tables in this module: its model, or what is assigned from it."""
    names = {
        local: model
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        for local, model in _models(f"{node.module}.{alias.name}", alias.asname or alias.name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
            argument = node.value.args[0]
            if table := names.get(ast.unparse(argument)) or TABLE_NAMES.get(ast.unparse(argument)):
                names |= {ast.unparse(target): table for target in node.targets}
    return names


def _models(imported: str, local: str) -> Iterator[tuple[str, str]]:
    for model in TABLES:
        if model == imported or model.startswith(f"{imported}."):
            yield local + model.removeprefix(imported), model


def public(store: type) -> set[str]:
    return {name for name in vars(store) if not name.startswith("_")}


def test_only_the_lifecycle_begins_and_ends_sessions_and_only_revocation_revokes() -> None:
    assert forbidden_calls(IDENTITY) == []


def test_only_its_store_writes_a_table() -> None:
    assert forbidden_writes(IDENTITY) == []


def test_every_method_that_matters_is_named_here() -> None:
    writes = {name for name, caller in CALLERS.items() if "sessions" in caller}
    assert public(Sessions) == writes | SESSION_METHODS
    assert {name for name in public(Grants) if "revoke" in name} == CALLERS.keys() - writes


@pytest.mark.parametrize("method", CALLERS)
def test_a_planted_call_is_caught(tmp_path: Path, method: str) -> None:
    (tmp_path / "cleaner.py").write_text(f"def clean(store):\n    return store.{method}(1)\n")

    assert forbidden_calls(tmp_path) == [f"cleaner.py:2: {method}"]


@pytest.mark.parametrize(
    "source",
    [
        "from identity.residents.sessions.models import Session\nupdate(Session)",
        "from identity.residents.sessions import models\ndelete(models.Session)",
        "from identity.oidc.grants.models import Grant\nGRANT = table_of(Grant)\nupdate(GRANT)",
        "from identity.oidc.grants.models import Grant as G\ndelete_some(executor, G, True, 1)",
        'SESSIONS = table("sessions", column("id"))\nupdate(SESSIONS)',
    ],
)
def test_a_planted_write_is_caught(tmp_path: Path, source: str) -> None:
    (tmp_path / "cleaner.py").write_text(source)

    assert len(forbidden_writes(tmp_path)) == 1


def test_reading_a_table_is_not(tmp_path: Path) -> None:
    source = "from identity.oidc.grants.models import Grant\nGRANT = table_of(Grant)\nselect(GRANT)"
    (tmp_path / "reader.py").write_text(source)

    assert forbidden_writes(tmp_path) == []
