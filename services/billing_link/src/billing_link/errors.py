"""Refusals for callers (a closed list of reasons), and errors whose text is for an operator."""

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
    """A refusal, as a verb returns it. `details` reach the caller: no personal data."""

    reason: Refusal
    details: Mapping[str, str] = field(default_factory=dict)


class UnavailableError(Exception):
    """The database or another service does not respond. The caller may try again later."""

    # Seconds: `Retry-After` of an answer.
    retry_after = 10


class OperatorError(Exception):
    """A command fails; the message says why and what to do, for an operator."""


class SettingsError(OperatorError):
    """A setting is missing or wrong; the message names it and says what to do."""


class UnstorableTextError(Exception):
    """A text with NUL or half of a surrogate pair, which no database holds: the request is malformed."""


def where(error: BaseException) -> list[str]:
    """Return the types and source lines of an error and its causes, for the log, without their messages.

    Messages of a database or a parser quote personal data (decision 0014).
    """
    lines = [f"{type(error).__module__}.{type(error).__qualname__}"]
    lines += [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return lines + (where(error.__cause__) if error.__cause__ else [])
