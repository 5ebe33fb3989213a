"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4)."""

from identity.clock import Clock
from identity.oidc.protocol.lifetimes import LOGOUT_TOKEN
from identity.oidc.tokens.signing import TokenSigner, seconds
from identity.randomness import identifier
from identity.relying_parties.clients import RegisteredClient

TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokens:
    """Issues logout tokens, signed as the client's ID tokens."""

    def __init__(self, signer: TokenSigner, clock: Clock, issuer: str) -> None:
        self._signer, self._clock, self._issuer = signer, clock, issuer

    def issue(self, client: RegisteredClient, resident_id: str, session_id: str) -> str:
        """Return a token that tells the client that a resident's session ended."""
        now = self._clock.now()
        content: dict[str, object] = {
            "iss": self._issuer,
            "sub": client.subject_of(resident_id),
            "aud": client.id,
            "iat": seconds(now),
            "exp": seconds(now + LOGOUT_TOKEN),
            "jti": identifier(),
            "events": {EVENT: {}},
            "sid": session_id,
        }
        return self._signer.sign(content, client.id_token_signed_response_alg, TYPE)
