"""JSON that comes from outside (RFC 8259, RFC 7493): read within bounds, or refused.

Python's parser alone takes what nothing else can hold: half of a surrogate pair, NaN, 1e999, whole numbers
of thousands of digits. And of two members of one name it takes the last, where others take the first.
"""

import base64
import binascii
import json
from collections.abc import Iterator

# Levels of objects and lists.
_DEEPEST = 32
# Databases hold no larger numbers.
_LARGEST = 2**63


class JsonRefusedError(ValueError):
    """Not JSON, or JSON that cannot be kept. The text, which begins with a verb, holds nothing of it."""


def read_json(text: str | bytes) -> object:
    """Return the value; raises `JsonRefusedError`. Bytes are UTF-8, with or without a byte order mark."""
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value: object = json.loads(decoded, object_pairs_hook=_members)
    except UnicodeDecodeError:
        raise JsonRefusedError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise JsonRefusedError(f"is not JSON: {error}") from None
    except JsonRefusedError:
        raise
    except (ValueError, RecursionError):
        raise JsonRefusedError("has a number or a nesting that is too large") from None
    _check(value)
    return value


def read_json_object(text: str | bytes) -> dict[str, object]:
    """Return the object; raises `JsonRefusedError`, also for any other value."""
    value = read_json(text)
    if not isinstance(value, dict):
        raise JsonRefusedError("is not one JSON object {…}")
    return value


def read_jws_header(token: str) -> dict[str, object]:
    """Return the header of a compact JWS, of which nothing is verified; raises `JsonRefusedError`."""
    encoded = token.partition(".")[0]
    try:
        header = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise JsonRefusedError("is not base64url") from None
    return read_json_object(header)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefusedError("has two members of one name")
    return members


def _check(value: object) -> None:
    level = [value]
    for _depth in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _parts(each)]
        if not level:
            return
    raise JsonRefusedError("is nested too deeply")


def _parts(value: object) -> Iterator[object]:
    """Yield what is in an object or a list; raises `JsonRefusedError` for an unsound text or number."""
    match value:
        case dict():
            yield from value
            yield from value.values()
        case list():
            yield from value
        case str():
            # Half of a surrogate pair is no character; databases hold no NUL.
            if "\0" in value or not (value.isascii() or _is_encodable(value)):
                raise JsonRefusedError("has a text with half of a surrogate pair, or NUL")
        case int() | float():
            # NaN is not below it either.
            if not abs(value) < _LARGEST:
                raise JsonRefusedError("has a number that is too large, or none")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
