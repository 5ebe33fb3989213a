"""Comments, docstrings and documents name who acts: a client, the resident, a process, an attacker."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VAGUE = re.compile(r"\b(nobody|somebody|anybody|everybody|whoever)\b", re.IGNORECASE)
# Files whose whole text is prose, or code and comments in which the words do not occur otherwise.
WHOLE = {".md", ".proto", ".sh", ".toml", ".yaml", ".yml", ".importlinter", "Makefile", "run"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def files() -> list[str]:
    """Return the files of the repository: those that git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments and docstrings, each with its line: no strings that pages, mails or callers see."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and (docstring := ast.get_docstring(node, clean=False)):
            yield node.body[0].lineno, docstring


def prose_of(name: str, text: str) -> Iterable[tuple[int, str]]:
    path = Path(name)
    if path.suffix == ".py":
        return prose_of_python(text)
    return enumerate(text.splitlines(), 1) if {path.suffix, path.name} & WHOLE else ()


def vague_words(name: str, text: str) -> list[str]:
    """Return the place and the word of each violation, such as `docs/x.md:7: word`."""
    return [
        f"{name}:{first + prose[: found.start()].count(chr(10))}: {found[0]}"
        for first, prose in prose_of(name, text)
        for found in VAGUE.finditer(prose)
    ]


def test_prose_names_who_acts() -> None:
    found = [each for name in files() for each in vague_words(name, readable(ROOT / name))]

    assert not found, "\n".join(found)


def readable(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("services/x.py", '"""Lets {} in."""\n', "services/x.py:1"),
        ("deploy/x.py", 'def stop():\n    """Stop.\n\n    {} waits.\n    """\n', "deploy/x.py:4"),
        ("benchmarks/x.py", "class Run:\n    # For {} in a hurry.\n    time = 1\n", "benchmarks/x.py:2"),
        ("docs/x.md", "# Title\n\n{} may sign in.\n", "docs/x.md:3"),
        ("Makefile", "# {} has moved it.\n", "Makefile:1"),
    ],
)
@pytest.mark.parametrize("word", ["some" + "body", "No" + "body", "who" + "ever"])
def test_a_planted_violation_is_found(name: str, text: str, place: str, word: str) -> None:
    assert vague_words(name, text.format(word)) == [f"{place}: {word}"]


def test_the_words_of_pages_and_data_are_not_checked() -> None:
    page = "def no_account() -> str:\n    return _('{}, probably you, asked for help.')\n"

    assert vague_words("services/x.py", page.format("Some" + "body")) == []
    assert vague_words("services/x/translations/es/LC_MESSAGES/messages.po", "msgid 'some" + "body'") == []
