"""The service's errors: what identity refuses or cannot do, a grant's end, wrong settings, a lost database.

What billing_link refuses is a value, not an error: `billing_link_client.refusals.Refusal`.
"""

import traceback


class IdentityError(Exception):
    """A request to identity failed, or its answer was not accepted.

    `code` names the class in the log. `detail` is for the log alone: no token, no personal data.
    """

    code = "identity_error"

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.code}: {detail}")
        self.detail = detail


class IdentityUnavailableError(IdentityError):
    """Identity cannot be reached, or its answer cannot be read."""

    code = "identity_unavailable"


class SignInNotVerifiedError(IdentityError):
    """An authorization response, ID token or userinfo response that does not verify."""

    code = "sign_in_not_verified"


class LogoutNotVerifiedError(IdentityError):
    """A logout token that is not identity's, not for the portal, expired or used before."""

    code = "logout_not_verified"


class CodeRefusedError(IdentityError):
    """Identity refused the authorization code: expired, or used before."""

    code = "code_refused"


class GrantEndedError(IdentityError):
    """No access token can be had for this session any more: the grant or the session has ended.

    Handled at one place, `web.failures`: the session ends and the resident signs in again.
    """

    code = "grant_ended"


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
