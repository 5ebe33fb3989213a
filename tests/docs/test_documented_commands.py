"""Every command that the documents print is run as printed; what takes servers is run by another test."""

import re
import shlex
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import billing_link.cli.main
import click
import identity.cli
import portal.cli.main
import pytest
from click.testing import CliRunner, Result
from identity.composition.command_line import create_command_line_app
from identity.residents.accounts import addresses
from identity.residents.accounts.models import SignInMethod
from identity.residents.accounts.store import Accounts
from identity.signing_keys import rotation

from deploy.local.sample_city import records

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
)
PROGRAMS: dict[str, click.Group] = {
    "identity": identity.cli.main,
    "billing_link": billing_link.cli.main.main,
    "portal": portal.cli.main.main,
}
# What runs a command that starts servers, installs packages or measures, by how the command begins.
RUN_BY = {
    "make run": "tests/system/test_local_start.py",
    "make test": ".ci/run",
    "make reliability": ".ci/run",
    "make bench": "benchmarks/__main__.py",
    "python -m benchmarks": "benchmarks/__main__.py",
    "eval": "tests/local/test_shell_environment.py",
    "billing_link serve": "tests/plugins/local_stack.py",
    "billing_link health": "deploy/local/health.py",
    "identity doctor": "tests/reliability/test_doctors.py",
    "billing_link doctor": "tests/reliability/test_doctors.py",
    "portal doctor": "tests/reliability/test_doctors.py",
    ".venv/bin/python -m build": "tests/system/test_distributions.py",
    "pip install": "tests/system/test_distributions.py",
    "python -m deploy.local.providers": "tests/local/test_simulated_providers.py",
    "python -m examples.city_website": "tests/plugins/local_stack.py",
    "openssl": "tests/identity/oidc/client_authentication/test_certificate_authorities.py",
    "printf": "tests/identity/oidc/client_authentication/test_certificate_authorities.py",
    "curl https://id.example.gov/register": "tests/protocol/test_rfc7591_registration.py",
}


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return the fenced blocks of a document, each with its language."""
    return re.findall(r"^```(\w*)\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[list[str]]:
    """Return the commands of a block, without comments and line ends."""
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


BLOCKS = [
    pytest.param(text, id=f"{document.relative_to(ROOT)}-{number}")
    for document in DOCUMENTS
    for number, (language, text) in enumerate(blocks(document), start=1)
    if language == "sh"
]
INLINE = sorted(
    {
        (document.name, command)
        for document in DOCUMENTS
        for command in re.findall(r"`((?:identity|billing_link|portal) [a-z][^`]*)`", document.read_text())
    }
)


OURS = re.compile(r"^(identity|billing_link|portal|make|python) [a-z-]", re.MULTILINE)


def is_run_elsewhere(words: list[str]) -> bool:
    return any(" ".join(words).startswith(beginning) for beginning in RUN_BY)


@pytest.fixture
def database_urls(fresh_database: Callable[[str], str]) -> dict[str, str]:
    """Return an empty database for each service."""
    return {program: fresh_database(program) for program in PROGRAMS}


@pytest.fixture
def run(
    database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[list[str]], Result]:
    """Return what runs one command of ours in a folder with the sample city beside it."""
    for program, url in database_urls.items():
        service = program.upper()
        monkeypatch.setenv(f"{service}_DATABASE_URL", url)
        monkeypatch.setenv(f"{service}_SECRET_KEYS", "a key of thirty-two characters or more")
    monkeypatch.setenv("IDENTITY_ISSUER", "https://id.example.gov")
    monkeypatch.setattr(rotation, "RSA_BITS", 2048)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "deploy/local/sample_city", tmp_path / "deploy/local/sample_city")
    with (tmp_path / "records.csv").open("w", newline="") as file:
        records.write(file, date(2026, 11, 23))
    return lambda words: CliRunner().invoke(PROGRAMS[words[0]], words[1:], input="y\n")


@pytest.fixture
def jane(database_urls: dict[str, str]) -> None:
    """Add jane@example.com."""
    app = create_command_line_app(database_urls["identity"])
    with app.app_context(), app.extensions["identity"] as storage, storage.transaction() as tx:
        Accounts(tx).create(
            address=addresses.parse("jane@example.com"),
            address_verified=True,
            sign_in_method=SignInMethod.PASSWORD,
            given_name="Jane",
            family_name="Doe",
            language="en",
            city_id=None,
            now=datetime.now(UTC),
        )


@pytest.fixture
def sample_city(run: Callable[[list[str]], Result]) -> None:
    """Register what the documents take for granted: the city, its billing resource."""
    city = ["identity", "cities", "put", "deploy/local/sample_city/identity.json"]
    resource = ["identity", "resources", "put", "urn:community-access:billing-link", "--name", "Billing"]
    for words in (city, [*resource, "--scopes", "billing.read billing.link"]):
        assert run(words).exit_code == 0


@pytest.mark.database("sqlite")
@pytest.mark.usefixtures("sample_city", "jane")
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_commands_works_as_printed(block: str, run) -> None:
    for words in commands(block):
        if is_run_elsewhere(words):
            continue
        result = run(words)
        assert result.exit_code == 0, f"{shlex.join(words)}: {result.output}"


@pytest.mark.parametrize(("document", "command"), INLINE)
def test_a_command_named_in_a_sentence_exists(document: str, command: str) -> None:
    for part in command.split(" && "):
        program, *words = part.split()
        found: click.Command = PROGRAMS[program]
        while isinstance(found, click.Group) and words:
            name = words.pop(0)
            found = found.get_command(click.Context(found), name) or pytest.fail(f"{document}: no {name!r}")
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, document


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_a_block_with_commands_of_ours_is_marked_as_one(document: Path) -> None:
    unmarked = [
        text
        for language, text in blocks(document)
        if language != "sh"
        and re.search(r"^(identity|billing_link|portal|make|python) [a-z-]", text, re.MULTILINE)
    ]

    assert unmarked == []


@pytest.mark.parametrize(("command", "runner"), RUN_BY.items())
def test_what_another_test_runs_is_still_printed(command: str, runner: str) -> None:
    printed = [" ".join(words) for block in BLOCKS for words in commands(str(block.values[0]))]

    assert any(words.startswith(command) for words in printed)
    assert (ROOT / runner).is_file()
