"""ID tokens (OpenID Connect Core §2)."""

from collections.abc import Collection
from dataclasses import dataclass

from authlib.oidc.core.util import create_half_hash

from identity.clock import Clock
from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.lifetimes import ID_TOKEN
from identity.oidc.tokens import claims
from identity.oidc.tokens.signing import TokenRefusedError, TokenSigner, seconds
from identity.relying_parties.clients import RegisteredClient

TYPE = "JWT"


@dataclass(frozen=True)
class IdTokenHint:
    """What is read of an ID token that comes back as `id_token_hint`."""

    subject: str
    client_id: str
    session_id: str | None


class IdTokens:
    """Issues ID tokens, and verifies those that come back."""

    def __init__(self, signer: TokenSigner, clock: Clock, issuer: str) -> None:
        self._signer, self._clock, self._issuer = signer, clock, issuer

    def issue(
        self,
        grant: GrantView,
        client: RegisteredClient,
        access_token: str,
        *,
        scope: Collection[str],
        nonce: str | None,
    ) -> str:
        """Return an ID token: who signed in, when and how, and the claims that were requested by name.

        For a client that is registered so, those of the scope too.
        """
        now, alg = self._clock.now(), client.id_token_signed_response_alg
        content: dict[str, object] = {
            "iss": self._issuer,
            "sub": client.subject_of(grant.resident_id),
            "aud": client.id,
            "exp": seconds(now + ID_TOKEN),
            "iat": seconds(now),
            "auth_time": seconds(grant.authenticated_at),
            "acr": grant.acr,
            "amr": list(grant.amr),
            "sid": grant.session_id,
            "at_hash": _at_hash(access_token, alg),
            **claims.about_resident(
                grant, scope=scope if client.claims_in_id_token else (), names=grant.id_token_claims
            ),
        }
        if nonce is not None:
            content["nonce"] = nonce
        return self._signer.sign(content, alg, TYPE)

    def verify_hint(self, token: str) -> IdTokenHint:
        """Return what an `id_token_hint` says, expired or not (RP-Initiated Logout §2).

        Raises `TokenRefusedError`.
        """
        verified = self._signer.verify(token)
        subject, audience, session_id = (verified.claims.get(name) for name in ("sub", "aud", "sid"))
        is_id_token = verified.kind == TYPE
        if not is_id_token or not isinstance(subject, str) or not isinstance(audience, str):
            raise TokenRefusedError
        return IdTokenHint(subject, audience, session_id if isinstance(session_id, str) else None)


def _at_hash(access_token: str, alg: str) -> str:
    """Return `at_hash` (Core §3.1.3.6) with the algorithm's hash; Ed25519's is SHA-512 (RFC 8032 §5.1)."""
    half = create_half_hash(access_token, alg)
    if half is None:
        raise ValueError(f"no hash belongs to {alg}")
    return half.decode()
