"""The rules of pages' paths: which methods and which texts they take."""

from typing import Any

from werkzeug.routing import Map, Rule, UnicodeConverter


class PageRule(Rule):
    """A rule to which Werkzeug adds HEAD where there is GET, unless `head` is False: then HEAD is 405.

    For pages whose GET changes something: HEAD is safe (RFC 9110 §9.2.1), and may not do the same.
    """

    def __init__(self, string: str, *, head: bool = True, **options: Any) -> None:  # noqa: ANN401 - Werkzeug's, handed on
        super().__init__(string, **options)
        if self.methods and not head:
            self.methods.discard("HEAD")


class TextConverter(UnicodeConverter):
    """What varies in a path: one segment, without NUL, which PostgreSQL has in no text."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map)
        self.regex = r"[^/\x00]+"
