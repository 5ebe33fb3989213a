"""Access tokens (RFC 9068): signed JWTs for one audience."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from identity.clock import Clock
from identity.oidc.grants.store import GrantView
from identity.oidc.protocol.lifetimes import ACCESS_TOKEN
from identity.oidc.sender_constraint.binding import Binding, confirmation_in
from identity.oidc.tokens import claims
from identity.oidc.tokens.signing import TokenRefusedError, TokenSigner, VerifiedToken, seconds
from identity.oidc.tokens.verified_tokens import VerifiedTokens, digest_of
from identity.randomness import identifier
from identity.relying_parties.clients import RegisteredClient

ALGORITHM = "ES256"
TYPE = "at+jwt"


@dataclass(frozen=True)
class AccessTokenClaims:
    """What an access token says that is not over: read by userinfo, introspection and token exchange."""

    # With all its claims, personal data among them.
    token: VerifiedToken
    audience: str
    subject: str
    client_id: str
    grant_id: str
    scope: tuple[str, ...]
    expires_at: datetime
    # `cnf`: the proof that the sender has to bring; empty for none.
    confirmation: Mapping[str, str]


class AccessTokens:
    """Issues and verifies access tokens."""

    def __init__(self, signer: TokenSigner, clock: Clock, issuer: str) -> None:
        self._signer, self._clock, self._issuer = signer, clock, issuer
        self._verified = VerifiedTokens[AccessTokenClaims]()

    def issue(
        self,
        grant: GrantView,
        client: RegisteredClient,
        audience: str,
        scope: Collection[str],
        *,
        binding: Binding,
        lifetime: timedelta = ACCESS_TOKEN,
    ) -> str:
        """Return an access token of a resident's grant (RFC 9068 §2), bound to its sender by `cnf`."""
        # Resources know a resident by one `sub`, whichever client asks; userinfo by the client's own.
        is_for_userinfo = audience == self._issuer
        subject = client.subject_of(grant.resident_id) if is_for_userinfo else grant.resident_id
        content = self._content(subject, client, audience, scope, lifetime) | {
            "sid": grant.session_id,
            "auth_time": seconds(grant.authenticated_at),
            "acr": grant.acr,
            "amr": list(grant.amr),
            "grant": grant.id,
        }
        if not is_for_userinfo:
            content |= claims.for_resource(grant, client.city_id)
        return self._sign(content, binding)

    def issue_to_client(
        self, client: RegisteredClient, audience: str, scope: Collection[str], *, binding: Binding
    ) -> str:
        """Return an access token in which the client acts for itself (RFC 9068 §2.2: it is the `sub`)."""
        content = self._content(client.id, client, audience, scope, ACCESS_TOKEN)
        return self._sign(content | {"city": client.city_id}, binding)

    def verify(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token for any audience; raises `TokenRefusedError`.

        The kind is checked by `typ`: an ID token is none (RFC 9068 §4). Whether the token's grant still
        stands is for the caller to check.
        """
        now, digest = self._clock.now(), digest_of(token)
        known = self._verified.find(digest, now)
        if known is not None and self._signer.is_current(known.token):
            return known
        read = _read(self._signer.verify(token))
        if read.expires_at <= now:
            raise TokenRefusedError
        self._verified.keep(digest, read, now)
        return read

    def verify_for_userinfo(self, token: str) -> AccessTokenClaims:
        """Return the claims of an access token for this issuer; raises `TokenRefusedError`."""
        read = self.verify(token)
        if read.audience != self._issuer:
            raise TokenRefusedError
        return read

    def expire(self) -> None:
        """Forget the tokens that were verified."""
        self._verified.clear()

    def _content(
        self,
        subject: str,
        client: RegisteredClient,
        audience: str,
        scope: Collection[str],
        lifetime: timedelta,
    ) -> dict[str, object]:
        now = self._clock.now()
        return {
            "iss": self._issuer,
            "sub": subject,
            "aud": audience,
            "client_id": client.id,
            "iat": seconds(now),
            "exp": seconds(now + lifetime),
            "jti": identifier(),
            "scope": " ".join(scope),
        }

    def _sign(self, content: dict[str, object], binding: Binding) -> str:
        confirmation = binding.confirmation
        bound = content if confirmation is None else content | {"cnf": confirmation}
        return self._signer.sign(bound, ALGORITHM, TYPE)


def _read(token: VerifiedToken) -> AccessTokenClaims:
    content, expires = token.claims, token.claims.get("exp")
    # Whole seconds, as this issuer writes them; True is none.
    if token.kind.lower() not in (TYPE, f"application/{TYPE}") or type(expires) is not int:
        raise TokenRefusedError
    return AccessTokenClaims(
        token=token,
        audience=str(content.get("aud")),
        subject=str(content.get("sub")),
        client_id=str(content.get("client_id")),
        grant_id=str(content.get("grant")),
        scope=tuple(str(content.get("scope", "")).split()),
        expires_at=datetime.fromtimestamp(expires, UTC),
        confirmation=confirmation_in(content),
    )
