"""The protocol's errors that Authlib does not have, and the one that is never sent by redirect."""

from authlib.oauth2 import OAuth2Error

from identity.relying_parties.clients import RegisteredClient
from identity.web.responses import BASIC_CHALLENGE


class InvalidTargetError(OAuth2Error):
    """The requested resource is unknown, malformed or not allowed (RFC 8707 §2)."""

    error = "invalid_target"
    description = "The requested resource is unknown, or this client may not ask for it."


class UnsupportedGrantTypeError(OAuth2Error):
    """The token endpoint does not know the `grant_type` (RFC 6749 §5.2). The response does not repeat it."""

    error = "unsupported_grant_type"


class UnmetAuthenticationRequirementsError(OAuth2Error):
    """No resident can sign in here as the client needs (OpenID Connect Core Error Code of this name 1.0)."""

    error = "unmet_authentication_requirements"
    description = "No way to sign in here has an acr that is asked for as essential."


class TemporarilyUnavailableError(OAuth2Error):
    """The database cannot be used just now (RFC 6749 §4.1.2.1), and no page may say so."""

    error = "temporarily_unavailable"
    description = "Not available just now; try again later."


class UnsupportedTokenTypeError(OAuth2Error):
    """A token without a grant that could be revoked (RFC 7009 §2.2.1)."""

    error = "unsupported_token_type"
    description = "A client's own access token cannot be revoked; it expires within minutes."


class ClientRefusedError(OAuth2Error):
    """Client authentication failed (RFC 6749 §5.2): always 401, naming the scheme."""

    error = "invalid_client"
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the headers with the challenge."""
        return [*super().get_headers(), BASIC_CHALLENGE]


class TooManyRequestsError(OAuth2Error):
    """More requests from one network than the limit allows (the error's name: RFC 8628 §3.5)."""

    error = "slow_down"
    status_code = 429

    def __init__(self, who: str, seconds: int) -> None:
        super().__init__(f"Too many {who} of this network ask. Try again in {seconds} seconds.")
        self._seconds = seconds

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the headers with the seconds until the next attempt."""
        return [*super().get_headers(), ("Retry-After", str(self._seconds))]


class UntrustedRedirectError(Exception):
    """An authorization request whose client or redirect URI is not sound.

    It is answered by a page of identity's, never by a redirect (RFC 6749 §4.1.2.1, RFC 9700 §4.11). The
    detail is for the developer of the client's website.
    """

    def __init__(self, detail: str, client: RegisteredClient | None = None) -> None:
        super().__init__(detail)
        self.detail, self.client = detail, client
