"""The query of an authorization request, read without `urllib.parse.parse_qsl` and Werkzeug's dictionary.

Both look at each name and value several times, which was a tenth of `/authorize` with a session
(docs/decisions/0078). A test compares what is read here with what they read.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def read_query(environ: "WSGIEnvironment") -> Iterator[tuple[str, str]]:
    """Return names and values, in the order sent. Raises `UnicodeDecodeError`, as Werkzeug does.

    What is escaped and no UTF-8 stays escaped.
    """
    # PEP 3333: the bytes that were sent, each as one character.
    text = environ.get("QUERY_STRING", "").encode("latin-1").decode()
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            yield _unescaped(name), _unescaped(value)


def _unescaped(text: str) -> str:
    text = text.replace("+", " ")
    return unquote(text, errors="werkzeug.url_quote") if "%" in text else text
