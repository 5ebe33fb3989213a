"""The UserInfo endpoint (OpenID Connect Core §5.3): a resident's claims for an access token (RFC 6750)."""

from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error
from werkzeug.wrappers import Response

from identity.clock import Clock
from identity.oidc.client_authentication.certificates import PresentedCertificate
from identity.oidc.grants.store import Grants, StoredGrant
from identity.oidc.protocol.replay_store import SingleUse, spend_alone
from identity.oidc.protocol.responses import jwt_response
from identity.oidc.sender_constraint import dpop
from identity.oidc.sender_constraint.dpop import DpopProofs
from identity.oidc.tokens import claims
from identity.oidc.tokens.access_token import AccessTokenClaims, AccessTokens
from identity.oidc.tokens.signing import TokenRefusedError, TokenSigner
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredClient
from identity.storage import Storage
from identity.web.responses import REALM, json_response

_BEARER = f'Bearer realm="{REALM}"'
_DPOP = f'DPoP realm="{REALM}", algs="{" ".join(dpop.ALGORITHMS)}"'


@dataclass(frozen=True, repr=False)
class UserInfoRequest:
    """What the endpoint reads of an HTTP request. Holds an access token."""

    method: str
    authorization_header: str | None
    # An access token in a form (RFC 6750 §2.2).
    form_token: str | None
    # The header `DPoP`, and the client certificate of the connection; neither is checked yet.
    dpop_proof: str | None
    certificate: PresentedCertificate | None


class UserInfo:
    """Answers the sender of an access token whose audience is this issuer."""

    def __init__(
        self,
        *,
        storage: Storage,
        clock: Clock,
        relying_parties: RelyingPartyCache,
        access_tokens: AccessTokens,
        signer: TokenSigner,
        proofs: DpopProofs,
        issuer: str,
    ) -> None:
        self._storage, self._clock, self._relying_parties = storage, clock, relying_parties
        self._access_tokens, self._signer, self._proofs = access_tokens, signer, proofs
        self._issuer, self._endpoint = issuer, f"{issuer}/userinfo"

    def respond(self, request: UserInfoRequest) -> Response:
        """Return the claims, or the error of RFC 6750 §3.1 and RFC 9449 §7.1."""
        scheme, _, header_token = (request.authorization_header or "").partition(" ")
        is_dpop = scheme.lower() == "dpop"
        if (is_dpop or scheme.lower() == "bearer") and request.form_token:
            return _refused(400, "invalid_request", "Send the token once.")
        token = header_token.strip() if is_dpop or scheme.lower() == "bearer" else request.form_token
        if not token:
            # RFC 6750 §3.1: the response to a request without a token has no error code of the specification.
            challenges = (("WWW-Authenticate", _BEARER), ("WWW-Authenticate", _DPOP))
            return json_response(401, {"error": "missing_token"}, *challenges)
        try:
            read = self._access_tokens.verify_for_userinfo(token)
        except TokenRefusedError:
            description = "The access token is not valid here, or is over."
            return _refused(401, "invalid_token", description, scheme=_DPOP if is_dpop else _BEARER)
        uses = self._verify_sender(read, token, request, is_dpop=is_dpop)
        if isinstance(uses, Response):
            return uses
        return self._answer(read, uses, _DPOP if is_dpop else _BEARER)

    def _verify_sender(
        self, read: AccessTokenClaims, token: str, request: UserInfoRequest, *, is_dpop: bool
    ) -> Response | tuple[SingleUse, ...]:
        """Return the proof of a token's own sender, or a refusal (RFC 9449 §7.1, RFC 8705 §3)."""
        jkt, thumbprint = read.confirmation.get("jkt"), read.confirmation.get("x5t#S256")
        if is_dpop != (jkt is not None):
            described = "bound to a DPoP key: send it with a proof" if jkt else "not bound to a DPoP key"
            return _refused(401, "invalid_token", f"The access token is {described}.", scheme=_DPOP)
        if jkt is not None:
            return self._verify_proof(read, token, request, jkt)
        held = request.certificate.thumbprint if request.certificate else None
        if read.confirmation and (thumbprint is None or thumbprint != held):
            return _refused(401, "invalid_token", "The access token is bound to another certificate.")
        return ()

    def _verify_proof(
        self, read: AccessTokenClaims, token: str, request: UserInfoRequest, jkt: str
    ) -> Response | tuple[SingleUse, ...]:
        client = self._relying_parties.client(read.client_id)
        if client is None:
            return _revoked(_DPOP)
        proof, method = request.dpop_proof or "", request.method
        try:
            proven = self._proofs.verify(proof, method, self._endpoint, client, access_token=token)
        except OAuth2Error as error:
            return _refused(401, str(error.error), str(error.description), scheme=_DPOP)
        if proven.jkt != jkt:
            return _refused(401, "invalid_token", "The DPoP proof is of another key.", scheme=_DPOP)
        return (proven.single_use,)

    def _answer(self, read: AccessTokenClaims, uses: tuple[SingleUse, ...], scheme: str) -> Response:
        now = self._clock.now()
        with self._storage.autocommit() as connection:
            grant = Grants(connection).by_id(read.grant_id, now)
        client = self._relying_parties.client(read.client_id)
        if grant is None or client is None or not _is_live(grant, client, read):
            return _revoked(scheme)
        if "openid" not in read.scope:
            description = "The scope openid is needed."
            return _refused(403, "insufficient_scope", description, 'scope="openid"', scheme=scheme)
        content = claims.about_resident(grant, scope=read.scope, names=grant.userinfo_claims)
        content = {"sub": read.subject} | content
        try:
            spend_alone(self._storage, uses)
        except OAuth2Error as error:
            return _refused(401, str(error.error), str(error.description), scheme=scheme)
        if client.userinfo_signed_response_alg:
            return jwt_response(self._signed(content, client))
        return json_response(200, content)

    def _signed(self, claims_of_resident: dict[str, object], client: RegisteredClient) -> str:
        """Return the claims as a JWT (Core §5.3.2); without `iat` and `exp` it is no ID token."""
        content = {"iss": self._issuer, "aud": client.id, **claims_of_resident}
        return self._signer.sign(content, client.userinfo_signed_response_alg, "JWT")


def _is_live(grant: StoredGrant, client: RegisteredClient, read: AccessTokenClaims) -> bool:
    is_same = (client.subject_of(grant.resident_id), grant.client_id) == (read.subject, client.id)
    return is_same and grant.revoked_at is None and grant.stands


def _revoked(scheme: str) -> Response:
    return _refused(401, "invalid_token", "The access token was revoked.", scheme=scheme)


def _refused(status: int, error: str, description: str, *attributes: str, scheme: str = _BEARER) -> Response:
    challenge = ", ".join((scheme, f'error="{error}"', f'error_description="{description}"', *attributes))
    content = {"error": error, "error_description": description}
    return json_response(status, content, ("WWW-Authenticate", challenge))
