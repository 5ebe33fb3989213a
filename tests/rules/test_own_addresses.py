"""No page, style sheet, script or redirect leads to the root of the host: a service may be below a path."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = [Path(__file__).parents[2] / f"services/{name}/src/{name}" for name in ("identity", "portal")]
# A value of these begins with a slash only after the path of the service (`url_for`, `request.script_root`).
TEMPLATE = re.compile(r"""\b(?:href|src|srcset|action|formaction|poster|data-url)\s*=\s*["']/""")
STYLE = re.compile(r"""url\(\s*["']?/|@import\s*["']/""")
SCRIPT = re.compile(r"""(?:fetch|open|assign|replace|location(?:\.href)?\s*=)\s*\(?\s*["'`]/""")
TEXTS = {".html": TEMPLATE, ".jinja": TEMPLATE, ".txt": TEMPLATE, ".css": STYLE, ".js": SCRIPT}
# Compiled by others, and loaded by addresses beside itself; `test_uswds_loads_from_beside_itself`.
FOREIGN = "uswds"


def in_text(suffix: str, text: str) -> list[str]:
    """Return the lines of a template, style sheet or script that lead to the root of the host."""
    return [line.strip() for line in text.splitlines() if TEXTS[suffix].search(line)]


def in_module(source: str) -> Iterator[str]:
    """Return the calls of a module that redirect to the root of the host, or set a cookie for all of it."""
    # Most modules do neither, and take long to parse.
    does_neither = not re.search(r"redirect\(|_cookie\(", source)
    for node in () if does_neither else ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        told = [*node.args[:1]] if name == "redirect" else []
        if name in ("set_cookie", "delete_cookie"):
            told = [keyword.value for keyword in node.keywords if keyword.arg == "path"]
        if any(_begins_at_the_root(value) for value in told):
            yield ast.unparse(node)


def _begins_at_the_root(value: ast.expr) -> bool:
    if isinstance(value, ast.JoinedStr) and value.values:
        value = value.values[0]
    return isinstance(value, ast.Constant) and str(value.value).startswith("/")


def files(*suffixes: str) -> list[Path]:
    """Return our own files with these suffixes."""
    found = [path for service in SERVICES for path in service.rglob("*") if path.suffix in suffixes]
    return [path for path in found if FOREIGN not in path.parts]


def test_no_template_style_sheet_or_script_leads_to_the_root_of_the_host() -> None:
    found = {path: in_text(path.suffix, path.read_text()) for path in files(*TEXTS)}

    assert len(found) > 90
    assert {str(path): lines for path, lines in found.items() if lines} == {}


def test_no_module_redirects_to_the_root_of_the_host() -> None:
    found = {path: list(in_module(path.read_text())) for path in files(".py")}

    assert {str(path): calls for path, calls in found.items() if calls} == {}


def test_uswds_loads_from_beside_itself() -> None:
    sheets = [path for service in SERVICES for path in (service / "static/uswds").rglob("*.css")]

    assert sheets
    assert [path for path in sheets if STYLE.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".html", '<a href="/help">'),
        (".html", "<form method=post action='/sign-in'>"),
        (".html", '<img src="/cities/{{ city }}/logo.svg">'),
        (".css", "a { background: url(/static/a.svg) }"),
        (".js", 'fetch("/session/keep")'),
        (".js", "window.location = '/sign-in'"),
    ],
)
def test_a_planted_address_is_caught(suffix: str, text: str) -> None:
    assert in_text(suffix, text)


@pytest.mark.parametrize(
    "source",
    [
        'redirect("/sign-in", 303)',
        'flask.redirect(f"/sign-in?{query}")',
        'response.set_cookie("a", "b", path="/")',
        'response.delete_cookie("a", path="/")',
    ],
)
def test_a_planted_redirect_is_caught(source: str) -> None:
    assert list(in_module(source))
