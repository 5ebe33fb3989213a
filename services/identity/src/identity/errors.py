"""What can go wrong: reasons to refuse a request, settings at fault, and where an error came from."""

import traceback
from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused. Closed: pages and endpoints map each value once, at their edge."""

    PAGE_EXPIRED = "page_expired"
    LINK_INVALID = "link_invalid"
    NOT_FOUND = "not_found"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that is refused with a reason its sender may know."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to do, in an operator's words."""


class UnavailableError(Exception):
    """The database or another service does not respond. The caller may try again later."""

    # Seconds: `Retry-After` of an answer.
    retry_after = 10


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
