"""Signing out: here at once, and at identity by sending the browser there (RP-Initiated Logout)."""

import structlog

from portal.errors import Refused
from portal.identity_client.client import IdentityClient
from portal.sealing import SealBrokenError
from portal.web.sessions.tokens import TokenSeal

log = structlog.get_logger(__name__)
# Comes back as `state`, which tells the front page that somebody has just signed out.
SIGNED_OUT = "signed-out"


class SignOut:
    """Finds the way to identity's sign-out for a session that has ended here."""

    def __init__(self, seal: TokenSeal, identity: IdentityClient) -> None:
        self._seal, self._identity = seal, identity

    def way_out(self, session_id: str, sealed_tokens: str, language: str) -> str:
        """Return where to send the browser; empty if identity cannot be told."""
        try:
            tokens = self._seal.open(session_id, sealed_tokens)
            return self._identity.sign_out_url(tokens.id_token, SIGNED_OUT, language)
        except (Refused, SealBrokenError) as error:
            log.warning("sign_out_only_here", detail=str(error))
            return ""
