"""What can go wrong that somebody outside must be told: a closed code, and words meant for the reader."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused. Closed: pages and endpoints map each value once, at their edge."""

    PAGE_EXPIRED = "page_expired"
    LINK_INVALID = "link_invalid"
    NOT_FOUND = "not_found"
    TOO_MANY_REQUESTS = "too_many_requests"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that is refused with a reason its sender may know."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to do, in an operator's words."""
