"""The provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

It is made once, from the settings: nothing of a request, its Host header least of all, gets into it.
"""

import json

from werkzeug.wrappers import Request, Response

from identity.oidc.authorization.requests import PROMPTS
from identity.oidc.authorization.response_modes import MODES
from identity.oidc.client_authentication import authentication
from identity.oidc.client_authentication.certificates import ClientCertificates
from identity.oidc.grant_types.pkce import METHOD
from identity.oidc.tokens import claims
from identity.oidc.tokens.resource_indicators import OWN_SCOPES
from identity.relying_parties import client_keys
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.schemas import DEVICE_CODE, TOKEN_EXCHANGE
from identity.signing_keys.rotation import ALGORITHMS
from identity.web.documents import Document
from identity.web.language import LANGUAGES

METADATA_PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


class Discovery:
    """The metadata, made anew only when a resource's scopes change."""

    def __init__(
        self, relying_parties: RelyingPartyCache, certificates: ClientCertificates, issuer: str
    ) -> None:
        self._relying_parties, self._certificates, self._issuer = relying_parties, certificates, issuer
        self._made: tuple[tuple[str, ...], Document] | None = None

    def respond(self, request: Request) -> Response:
        """Return the metadata."""
        scopes, made = self._relying_parties.resource_scopes(), self._made
        if made is None or made[0] != scopes:
            made = scopes, Document(json.dumps(self._metadata(scopes)).encode(), "application/json")
            self._made = made
        return made[1].respond(request)

    def _metadata(self, resource_scopes: tuple[str, ...]) -> dict[str, object]:
        methods = self._authentication_methods()
        return {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self._issuer}/authorize",
            "token_endpoint": f"{self._issuer}/token",
            "userinfo_endpoint": f"{self._issuer}/userinfo",
            "jwks_uri": f"{self._issuer}/jwks",
            "introspection_endpoint": f"{self._issuer}/introspect",
            "introspection_endpoint_auth_methods_supported": [m for m in methods if m != "none"],
            "introspection_endpoint_auth_signing_alg_values_supported": list(client_keys.ALGORITHMS),
            "revocation_endpoint": f"{self._issuer}/revoke",
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": list(client_keys.ALGORITHMS),
            "registration_endpoint": f"{self._issuer}/register",
            "device_authorization_endpoint": f"{self._issuer}/device_authorization",
            "end_session_endpoint": f"{self._issuer}/end-session",
            "scopes_supported": [*OWN_SCOPES, *resource_scopes],
            "response_types_supported": ["code"],
            "response_modes_supported": list(MODES),
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                DEVICE_CODE,
                TOKEN_EXCHANGE,
            ],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "userinfo_signing_alg_values_supported": list(ALGORITHMS),
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": list(client_keys.ALGORITHMS),
            "tls_client_certificate_bound_access_tokens": bool(self._certificates.header),
            "dpop_signing_alg_values_supported": list(client_keys.ALGORITHMS),
            "pushed_authorization_request_endpoint": f"{self._issuer}/par",
            "require_pushed_authorization_requests": False,
            "require_signed_request_object": False,
            "request_object_signing_alg_values_supported": list(client_keys.ALGORITHMS),
            "code_challenge_methods_supported": [METHOD],
            "prompt_values_supported": list(PROMPTS),
            "acr_values_supported": [claims.SINGLE_FACTOR],
            "claim_types_supported": ["normal"],
            "claims_supported": list(dict.fromkeys((*claims.ID_TOKEN_CLAIMS, *claims.SCOPES))),
            "ui_locales_supported": list(LANGUAGES),
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "claims_parameter_supported": True,
            "request_parameter_supported": True,
            "request_uri_parameter_supported": False,
            "require_request_uri_registration": False,
        }

    def _authentication_methods(self) -> list[str]:
        unavailable = set(authentication.CERTIFICATE_METHODS) - set(self._certificates.methods)
        return [method for method in authentication.METHODS if method not in unavailable]
