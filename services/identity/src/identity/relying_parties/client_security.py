"""How a client authenticates and protects its requests and tokens: the fields, and which go together."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from identity.relying_parties import certificate_subjects, client_keys, redirect_uris
from identity.relying_parties.clients import EITHER_SECRET

CERTIFICATE_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
AuthenticationMethod = Literal[
    "client_secret",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]
FAPI2 = "fapi2"


def _key_set(value: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is not None and (problem := client_keys.problem_with_key_set(value)):
        raise ValueError(problem)
    return value


def _key_address(value: str) -> str:
    if value and (problem := redirect_uris.problem_with(value)):
        raise ValueError(f"{value[:80]!r} {problem}")
    return value


def _subject(value: str) -> str:
    if value and (problem := certificate_subjects.problem_with(value)):
        raise ValueError(f"{value[:80]!r} {problem}")
    return value


def _profile(value: object) -> object:
    return "" if value in (None, "none") else value


class ClientSecurity(BaseModel):
    """The security settings of a client. `profile: fapi2` sets all that FAPI 2.0 requires."""

    token_endpoint_auth_method: AuthenticationMethod = Field(default=EITHER_SECRET)
    jwks: Annotated[dict[str, Any] | None, AfterValidator(_key_set)] = None
    jwks_uri: Annotated[str, AfterValidator(_key_address)] = ""
    tls_client_auth_subject_dn: Annotated[str, AfterValidator(_subject)] = ""
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    profile: Annotated[Literal["", "fapi2"], BeforeValidator(_profile)] = ""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_profile(cls, content: object) -> object:
        """Fill in what FAPI 2.0 requires; a value that contradicts it stays, and is refused below."""
        if not isinstance(content, Mapping) or content.get("profile") != FAPI2:
            return content
        implied: dict[str, object] = {
            "require_pushed_authorization_requests": True,
            "pkce_required": True,
            "id_token_signed_response_alg": "ES256",
        }
        if not content.get("tls_client_certificate_bound_access_tokens"):
            implied["dpop_bound_access_tokens"] = True
        return implied | dict(content)

    @model_validator(mode="after")
    def _keys_and_method_agree(self) -> "ClientSecurity":
        method = self.token_endpoint_auth_method
        if self.jwks is not None and self.jwks_uri:
            raise ValueError("give jwks or jwks_uri, not both")
        if method in ("private_key_jwt", "self_signed_tls_client_auth") and not (self.jwks or self.jwks_uri):
            raise ValueError(f"{method} needs jwks or jwks_uri")
        if self.require_signed_request_object and not (self.jwks or self.jwks_uri):
            raise ValueError("require_signed_request_object needs jwks or jwks_uri")
        if (method == "tls_client_auth") != bool(self.tls_client_auth_subject_dn):
            raise ValueError("tls_client_auth goes with tls_client_auth_subject_dn, and it with nothing else")
        if method == "none" and self.tls_client_certificate_bound_access_tokens:
            raise ValueError("tls_client_certificate_bound_access_tokens needs a client that authenticates")
        return self


def problems_with_fapi2(content: Mapping[str, Any]) -> list[str]:
    """Return what breaks the FAPI 2.0 Security Profile (§5.3.2), one line each, in an operator's words."""
    strong = ("private_key_jwt", *CERTIFICATE_METHODS)
    bound = content["dpop_bound_access_tokens"] or content["tls_client_certificate_bound_access_tokens"]
    plain = any(urlsplit(uri).scheme != "https" for uri in content["redirect_uris"])
    demands = (
        (content["token_endpoint_auth_method"] in strong, f"token_endpoint_auth_method: {', '.join(strong)}"),
        (content["require_pushed_authorization_requests"], "require_pushed_authorization_requests: true"),
        (bound, "dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens: true"),
        (content["pkce_required"], "pkce_required: true"),
        (
            "RS256" not in content["id_token_signed_response_alg"],
            "id_token_signed_response_alg: ES256, EdDSA",
        ),
        (
            "RS256" not in content["userinfo_signed_response_alg"],
            "userinfo_signed_response_alg: ES256, EdDSA",
        ),
        (not plain, "redirect_uris: https only"),
    )
    return [f"profile fapi2 needs {words}" for is_met, words in demands if not is_met]
