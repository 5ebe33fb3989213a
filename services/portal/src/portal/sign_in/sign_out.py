"""Sign-out at identity, after the session here has ended (OpenID Connect RP-Initiated Logout)."""

from dataclasses import dataclass

import structlog

from portal.errors import IdentityUnavailableError
from portal.identity_client.client import IdentityClient
from portal.secret_keys import DecryptionError
from portal.web.paths import SIGNED_OUT
from portal.web.sessions.tokens import TokenCipher

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SignOutAtIdentity:
    """The browser goes to this URL to sign out at identity as well."""

    url: str


@dataclass(frozen=True)
class SignedOutHereOnly:
    """Identity cannot be told: it is away, has no endpoint, or the ID token cannot be read."""


class SignOut:
    """Makes the logout request for a session that has ended here."""

    def __init__(self, cipher: TokenCipher, identity: IdentityClient) -> None:
        self._cipher, self._identity = cipher, identity

    def sign_out(
        self, session_id: str, sealed_tokens: str, language: str
    ) -> SignOutAtIdentity | SignedOutHereOnly:
        """Return the logout request; `language` is BCP 47."""
        try:
            tokens = self._cipher.decrypt(session_id, sealed_tokens)
            url = self._identity.sign_out_url(tokens.id_token, SIGNED_OUT, language)
        except (IdentityUnavailableError, DecryptionError) as error:
            log.warning("sign_out_only_here", detail=str(error))
            return SignedOutHereOnly()
        return SignOutAtIdentity(url) if url else SignedOutHereOnly()
