"""What can go wrong that a resident must be told: a closed code; each page maps it to words once."""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused. Closed: pages switch on it, never on text."""

    # identity cannot be reached, or answers with something that is no answer.
    IDENTITY_UNAVAILABLE = "identity_unavailable"
    # What identity, or somebody in its name, answered does not verify.
    SIGN_IN_NOT_VERIFIED = "sign_in_not_verified"
    # A logout token is not identity's, not for the portal, too old, or was used.
    LOGOUT_NOT_VERIFIED = "logout_not_verified"
    # identity no longer takes the authorization code: too late, or used before.
    CODE_REFUSED = "code_refused"
    # The resident or the city ended what the portal was allowed; the session here is over.
    GRANT_ENDED = "grant_ended"

    # billing_link cannot be reached, or cannot answer just now.
    BILLING_UNAVAILABLE = "billing_unavailable"
    # billing_link does not take this access token; a fresh one may do.
    ACCESS_TOKEN_REFUSED = "access_token_refused"  # noqa: S105 - a reason, no secret
    # No such pair of numbers, a wrong pair, an ended pair: one answer.
    ACCOUNT_NOT_FOUND = "account_not_found"
    # The resident has no such link (any more).
    LINK_NOT_FOUND = "link_not_found"
    FIELD_INVALID = "field_invalid"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    ALREADY_LINKED = "already_linked"
    LINKING_DISABLED = "linking_disabled"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that is refused with a reason the resident may know.

    `detail` is for the log alone. `retry_after` is in seconds, 0 where unknown. `field` is the contract's.
    """

    def __init__(self, reason: Reason, detail: str = "", *, retry_after: int = 0, field: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.field = field


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what to do, in an operator's words."""
