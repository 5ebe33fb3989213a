"""The parameters of a request, as they were sent.

RFC 6749 §3.1: a parameter without a value counts as absent, and none may occur twice; `resource` may (RFC
8707 §2).
"""

from collections.abc import Iterable, Mapping

from authlib.oauth2.rfc6749 import InvalidRequestError

_REPEATABLE = frozenset({"resource"})
# Characters. `state` and hints are the longest that real clients send; 8 KiB is what proxies let through.
LONGEST = 8192


class Parameters:
    """Names and values, in the order sent. Values may be secrets: codes, tokens, credentials."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:
                self._values.setdefault(name, []).append(value)

    @classmethod
    def restored(cls, values: Mapping[str, list[str]]) -> "Parameters":
        """Return the parameters that `stored` returned."""
        return cls((name, value) for name, several in values.items() for value in several)

    def stored(self) -> dict[str, list[str]]:
        """Return the parameters as they can be stored in JSON."""
        return self._values

    def get(self, name: str) -> str | None:
        """Return the parameter's value, or None when it is absent."""
        values = self._values.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Return the values of a repeatable parameter."""
        return list(self._values.get(name, ()))

    def words(self, name: str) -> list[str]:
        """Return the parts of a list between blanks (%x20 alone), empty without the parameter."""
        return [word for word in (self.get(name) or "").split(" ") if word]

    def is_repeated(self, name: str) -> bool:
        """Tell whether the parameter was sent more than once."""
        return len(self._values.get(name, ())) > 1

    def without(self, *names: str) -> "Parameters":
        return self.restored({name: values for name, values in self._values.items() if name not in names})

    def with_value(self, name: str, value: str) -> "Parameters":
        """Return the parameters with this one value for this name."""
        return self.restored({**self._values, name: [value]})

    def check_form(self) -> None:
        """Raise `InvalidRequestError` for repeated, over-long and unstorable values."""
        for name, values in self._values.items():
            if len(values) > 1 and name not in _REPEATABLE:
                raise InvalidRequestError(f"The parameter '{_printable(name)}' occurs more than once.")
            for value in values:
                if len(value) > LONGEST:
                    raise InvalidRequestError(f"The parameter '{_printable(name)}' is too long.")
                if "\0" in value or "\0" in name:
                    raise InvalidRequestError("A parameter contains a NUL character.")


def _printable(name: str) -> str:
    # RFC 6749 §5.2 allows few characters in a description.
    return "".join(c for c in name[:64] if c.isascii() and (c.isalnum() or c in "_-."))
