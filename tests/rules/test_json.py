"""JSON from outside is read by `json_text` alone: Python's parser takes what nothing else can hold."""

import ast
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
SERVICES = ("identity", "billing_link", "portal")
# What these read was written by the service itself.
OWN_TEXT = {
    "identity/journeys/federation/attempt_store.py",
    "identity/mail/messages.py",
    "identity/outbox/logouts.py",
    "identity/security_events/poll.py",
    "identity/security_events/push.py",
    "identity/signing_keys/key_set.py",
    "portal/secret_keys.py",
}
# Its tokens are signed by the service itself, and their header was read before.
OWN_TOKENS = {"identity/oidc/tokens/signing.py"}


def parsers(source: str) -> Iterator[str]:
    """Yield the calls of a module that parse JSON."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            match node.func.attr, ast.unparse(node.func.value):
                case ("loads" | "load", "json") | ("get_json", _) | ("decode", "jwt"):
                    yield ast.unparse(node.func)


@pytest.mark.parametrize("service", SERVICES)
def test_every_other_module_leaves_parsing_to_json_text(service: str) -> None:
    directory = ROOT / "services" / service / "src"
    found = {
        str(file.relative_to(directory)): list(parsers(file.read_text()))
        for file in (directory / service).rglob("*.py")
    }
    allowed = OWN_TEXT | OWN_TOKENS | {f"{service}/json_text.py"}
    assert {file for file, calls in found.items() if calls} <= allowed
    assert set(parsers("import json\njson.loads('1')\nrequest.get_json()")) == {
        "json.loads",
        "request.get_json",
    }


@pytest.fixture(params=SERVICES)
def json_text(request: pytest.FixtureRequest) -> Any:
    return import_module(f"{request.param}.json_text")


UNSOUND = [
    r'"\ud800"',
    r'"\udfff"',
    r'{"\ud800": 1}',
    r'{"a": ["x\udc00\ud800"]}',
    r'"a\u0000b"',
    "NaN",
    "-Infinity",
    "1e400",
    "-1e999",
    "1" * 400,
    "1" * 5000,
    str(2**63),
    '{"a": 1, "a": 1}',
    '{"a": 1, "\\u0061": 2}',
    "[" * 40 + "]" * 40,
    "[" * 100_000,
    '{"a":' * 5000,
    b"\xff",
    b'"\xed\xa0\x80"',
    '{"a": 1}'.encode("utf-16"),
    "",
    "{",
    "nul",
    '"\n"',
    "[1,]",
    "'a'",
]


@pytest.mark.parametrize("text", UNSOUND, ids=lambda text: repr(text[:12]))
def test_what_cannot_be_kept_is_refused(json_text: Any, text: str | bytes) -> None:
    with pytest.raises(json_text.JsonRefusedError):
        json_text.read_json(text)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"', "true"])
def test_what_is_no_object_is_refused_where_an_object_is_due(json_text: Any, text: str) -> None:
    with pytest.raises(json_text.JsonRefusedError):
        json_text.read_json_object(text)


def test_what_can_be_kept_is_read(json_text: Any) -> None:
    text = b'\xef\xbb\xbf{"a": [1.5, -9, true, null], "\\ud83d\\ude00": "\xc3\xa9\\n"}'
    assert json_text.read_json_object(text) == {"a": [1.5, -9, True, None], "😀": "é\n"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES | st.binary(max_size=30) | st.text(max_size=30))
def test_what_is_read_can_be_written_as_utf_8_and_read_again(value: Any) -> None:
    """Whatever comes, there is a value that databases and logs hold, or the one error."""
    json_text: Any = import_module("identity.json_text")
    sent = value if isinstance(value, bytes) else json.dumps(value)
    try:
        read = json_text.read_json(sent)
    except json_text.JsonRefusedError:
        return
    written = json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
    assert b"\\u0000" not in written
    assert json_text.read_json(written) == read


@given(st.text(st.characters(), max_size=20))
def test_a_persons_name_is_read_whatever_is_broken_in_it(name: str) -> None:
    json_text: Any = import_module("identity.json_text")
    read = json_text.read_json(json_text.with_replacements(json.dumps({"name": name, "\\ud800": 1})))
    mended = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    assert read == {"name": mended, "\\ud800": 1}
