"""What can go wrong that somebody must be told: a closed list of reasons, and words for an operator."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Refusal(StrEnum):
    """Why a call is refused. Each value is one of the contract's `Refusal`, without its prefix."""

    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 - the name of a reason
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - the name of a reason
    SCOPE_MISSING = "SCOPE_MISSING"
    CITY_UNKNOWN = "CITY_UNKNOWN"
    FIELD_INVALID = "FIELD_INVALID"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    LINK_NOT_FOUND = "LINK_NOT_FOUND"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    ALREADY_LINKED = "ALREADY_LINKED"
    LINKING_DISABLED = "LINKING_DISABLED"
    TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
    LINK_LIMIT_REACHED = "LINK_LIMIT_REACHED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal as a verb returns it: the reason, and what the caller needs to act on it."""

    reason: Refusal
    details: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal raised where nothing has to be remembered: before a verb has begun."""

    def __init__(self, reason: Refusal, **details: str) -> None:
        super().__init__(reason.value)
        self.refused = Refused(reason, details)


class UnavailableError(Exception):
    """Something this service needs does not answer just now; trying again later is safe."""


class OperatorError(Exception):
    """A command cannot be done; the message says why and what to do, in an operator's words."""


class SettingsError(OperatorError):
    """A setting is missing or wrong; the message names it and says what to do."""


def where(error: BaseException) -> list[str]:
    """Return where an error came from, for the log: its types and places without its words.

    The words of a database or a parser quote what a resident typed.
    """
    lines = [f"{type(error).__module__}.{type(error).__qualname__}"]
    lines += [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return lines + (where(error.__cause__) if error.__cause__ else [])
