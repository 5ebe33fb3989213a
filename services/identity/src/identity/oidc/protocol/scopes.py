"""Scopes (RFC 6749 §3.3): names between blanks, told apart by case."""

import re
from collections.abc import Collection

from authlib.oauth2.rfc6749 import InvalidScopeError

_NAME = re.compile(r"[!#-\[\]-~]+")
# What clients send by mistake. A name may contain them; none of ours does.
_NO_SEPARATORS = (",", "+", ";", "%20")


def read_scope(text: str) -> tuple[str, ...]:
    """Return the names, each once, in the order sent; raises `InvalidScopeError` for other characters."""
    names = tuple(dict.fromkeys(name for name in text.split(" ") if name))
    if not all(_NAME.fullmatch(name) for name in names):
        raise InvalidScopeError("Scopes are ASCII names with blanks between them, and no tabs or line ends.")
    return names


def known_part(requested: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """Return the known names; the rest is ignored (OpenID Connect Core §3.1.2.1).

    Raises `InvalidScopeError` where none is left.
    """
    if not requested:
        raise InvalidScopeError("The parameter 'scope' is missing or empty.")
    left = tuple(name for name in requested if name in known)
    if not left:
        raise InvalidScopeError(_why_unknown(requested, known))
    return left


def check_within(requested: tuple[str, ...], available: Collection[str]) -> None:
    """Raise `InvalidScopeError` for a name beyond those that may be had, or for none at all (§5.2, §6)."""
    beyond = tuple(name for name in requested if name not in available)
    if beyond or not requested:
        raise InvalidScopeError(_why_unknown(beyond, available))


def _why_unknown(names: tuple[str, ...], known: Collection[str]) -> str:
    for separator in _NO_SEPARATORS:
        if any(separator in name for name in names):
            return f"Scopes are separated by blanks, not by '{separator}': openid email."
    if any(name.lower() in known for name in names):
        return "Scopes are told apart by case: openid, not OPENID."
    return "The scope names something that this client may not have here, or nothing."
