"""Each import contract is kept by the code and catches a planted violation."""

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    "services/identity/src/identity",
    "services/billing_link/src/billing_link",
    "services/portal/src/portal",
    "protos/src/community_access",
)
# For each contract: the file that gets the line, and the line.
PLANTED = {
    "services": ("portal/web/__init__.py", "import identity.clock"),
    "protos": ("community_access/__init__.py", "import billing_link.clock"),
    "identity-layers": ("identity/residents/__init__.py", "import identity.web.pages"),
    "identity-journeys": ("identity/journeys/sign_in/__init__.py", "import identity.journeys.recovery"),
    "identity-residents": ("identity/residents/sessions/__init__.py", "import identity.residents.passwords"),
    "identity-flask": ("identity/residents/accounts/__init__.py", "import flask"),
    "identity-sqlalchemy": ("identity/oidc/__init__.py", "import sqlalchemy.orm"),
    "identity-authlib": ("identity/journeys/sign_in/__init__.py", "import authlib.jose"),
    "identity-http": ("identity/oidc/logout/__init__.py", "import urllib3"),
    "identity-grpc": ("identity/oidc/__init__.py", "import grpc"),
    "billing-link-layers": ("billing_link/tokens/__init__.py", "import billing_link.linking"),
    "billing-link-grpc": ("billing_link/linking/__init__.py", "import community_access.billing_link.v1"),
    "billing-link-sqlalchemy": ("billing_link/linking/__init__.py", "import sqlalchemy"),
    "billing-link-http": ("billing_link/tokens/__init__.py", "import requests"),
    "billing-link-web": ("billing_link/rpc/__init__.py", "import flask"),
    "portal-layers": ("portal/home/__init__.py", "import portal.utility_billing"),
    "portal-http": ("portal/identity_client/__init__.py", "import urllib3"),
    "portal-flask": ("portal/home/__init__.py", "from flask import g"),
    "portal-grpc": ("portal/utility_billing/__init__.py", "import grpc"),
    "portal-authlib": ("portal/sign_in/__init__.py", "import authlib.integrations"),
    "portal-sqlalchemy": ("portal/utility_billing/__init__.py", "import sqlalchemy"),
}
# An exception that matches no import.
UNNEEDED = "identity.clock -> flask"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of all sources, with the contracts beside them."""
    copy = tmp_path_factory.mktemp("tree")
    for source in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__", "static", "templates", "translations")
        shutil.copytree(ROOT / source, copy / Path(source).name, ignore=ignored)
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


def lint(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", *arguments]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    return subprocess.run(  # noqa: S603 - the linter of this environment
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def planted(file: Path, line: str) -> Iterator[None]:
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n")
    yield
    if before is None:
        file.unlink()
    else:
        file.write_text(before)


def contracts() -> dict[str, configparser.SectionProxy]:
    """Return each contract by its id."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): parser[section]
        for section in parser.sections()
        if section.startswith(prefix)
    }


def with_exceptions() -> list[str]:
    return [contract for contract, settings in contracts().items() if "ignore_imports" in settings]


def test_the_code_keeps_every_contract(tree: Path) -> None:
    result = lint(tree)

    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTED) == set(contracts())


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_is_caught(tree: Path, contract: str) -> None:
    name, line = PLANTED[contract]
    with planted(tree / name, line):
        result = lint(tree, "--contract", contract)

    assert result.returncode == 1, result.stdout
    assert "0 kept, 1 broken" in result.stdout
    assert line.split()[1].split(".")[0] in result.stdout.split("Broken contracts")[1]


@pytest.mark.parametrize("service", ["identity", "billing_link", "portal"])
def test_a_module_that_no_layer_names_is_caught(tree: Path, service: str) -> None:
    with planted(tree / service / "helpers.py", ""):
        result = lint(tree, "--contract", f"{service.replace('_', '-')}-layers")

    assert result.returncode == 1, result.stdout
    assert f"{service}.helpers" in result.stdout


def test_an_exception_that_no_import_needs_is_caught(tree: Path) -> None:
    settings = tree / ".importlinter"
    with planted(settings, ""):
        settings.write_text(
            settings.read_text().replace("ignore_imports =", f"ignore_imports =\n    {UNNEEDED}")
        )
        results = {contract: lint(tree, "--contract", contract) for contract in with_exceptions()}

    assert results
    for contract, result in results.items():
        assert result.returncode == 1, contract
        assert f"No matches for ignored import {UNNEEDED}" in result.stdout, contract
