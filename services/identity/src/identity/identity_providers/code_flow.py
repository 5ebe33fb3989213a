"""The authorization code flow (RFC 6749 §4.1, RFC 7636, RFC 9207) that all providers have in common.

Authlib prepares the requests and reads the token response; `ProviderHttp` sends them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749 import OAuth2Token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from identity.identity_providers.claims import is_same
from identity.identity_providers.http import JSON, ProviderHttp
from identity.identity_providers.provider import ExpectedResponse, ProviderRefusal, Refusal

CREDENTIALS_REFUSED = "the provider refuses this deployment's credentials"
_PARAMETER_CHARACTERS = 4096

_REFUSALS = {
    "access_denied": Refusal.DENIED,
    "server_error": Refusal.UNAVAILABLE,
    "temporarily_unavailable": Refusal.UNAVAILABLE,
}
_MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client"})


class Credential(Protocol):
    """How this deployment authenticates at the token endpoint."""

    def client_auth(self, client_id: str, token_endpoint: str) -> ClientAuth:
        """Return what puts the credential into one request."""
        ...


@dataclass(frozen=True)
class ClientSecret:
    """A shared secret, sent in the body or as HTTP Basic (RFC 6749 §2.3.1)."""

    secret: str = field(repr=False)
    method: str = "client_secret_post"

    def client_auth(self, client_id: str, token_endpoint: str) -> ClientAuth:  # noqa: ARG002 - the protocol's
        """Return what puts the credential into one request."""
        return ClientAuth(client_id, self.secret, self.method)


@dataclass(frozen=True)
class CodeFlow:
    """One client's authorization code flow."""

    http: ProviderHttp
    client_id: str
    credential: Credential
    scope: str
    # Given the error response of the token endpoint.
    refusal_of: Callable[[Mapping[str, object]], ProviderRefusal]
    # Media types that the provider gives its JSON.
    media_types: Collection[str] = JSON

    def authorization_url(self, endpoint: str, parameters: Mapping[str, str | None]) -> str:
        """Return the URL of the authorization request; parameters of None are left out."""
        given = {name: value for name, value in parameters.items() if value}
        return str(prepare_grant_uri(endpoint, self.client_id, "code", scope=self.scope, **given))

    def redeem(
        self, token_endpoint: str, code: str, *, redirect_uri: str, code_verifier: str | None
    ) -> Mapping[str, object]:
        """Return the token response to the code (RFC 6749 §5.1); raises `ProviderRefusal`."""
        form = prepare_token_request(
            "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=code_verifier
        )
        authentication = self.credential.client_auth(self.client_id, token_endpoint)
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        _, headers, form = authentication.prepare(  # type: ignore[no-untyped-call]  # of Authlib
            "POST", token_endpoint, headers, form
        )
        response = self.http.post(token_endpoint, form.encode(), headers, self.media_types)
        if not response.is_ok or "error" in response.content:
            raise self.refusal_of(response.content)
        try:
            return OAuth2Token(dict(response.content))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ProviderRefusal(Refusal.UNAVAILABLE, "no sensible token answer") from error

    def check(self, token_endpoint: str) -> None:
        """Redeem a made-up code: a provider that accepts the credentials refuses the code."""
        try:
            self.redeem(token_endpoint, "check", redirect_uri="https://localhost/check", code_verifier=None)
        except ProviderRefusal as error:
            if error.refusal is not Refusal.INVALID_ANSWER:
                raise


def code_challenge_of(code_verifier: str) -> dict[str, str | None]:
    """Return the parameters of PKCE (RFC 7636 §4.3), method S256."""
    challenge = create_s256_code_challenge(code_verifier)  # type: ignore[no-untyped-call]  # of Authlib
    return {"code_challenge": challenge, "code_challenge_method": "S256"}


def code_from_callback(
    params: Mapping[str, str],
    expected: ExpectedResponse,
    *,
    accepts_issuer: Callable[[str], bool],
    issuer_is_sent: bool = False,
    refusal_of: Callable[[Mapping[str, str]], ProviderRefusal] | None = None,
) -> str:
    """Return the code of a response that fits the request; raises `ProviderRefusal`.

    `issuer_is_sent`: the provider promises `iss` in every response, so a response without it is forged
    (RFC 9207 §2.4). Without the promise, an `iss` must still be the provider's own.
    """
    if any(len(value) > _PARAMETER_CHARACTERS for value in params.values()):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "a response of this size")
    state = params.get("state", "")
    if not expected.state or not is_same(state, expected.state):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "the response to another request")
    issuer = params.get("iss")
    if (issuer is None and issuer_is_sent) or (issuer is not None and not accepts_issuer(issuer)):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "a response of another provider")
    if "error" in params:
        raise (refusal_of or callback_refusal)(params)
    code = params.get("code", "")
    if not code:
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "a response without a code")
    return code


def callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    """Return the refusal for an error in the callback (RFC 6749 §4.1.2.1)."""
    refusal = _REFUSALS.get(params.get("error", ""), Refusal.INVALID_ANSWER)
    return ProviderRefusal(refusal, "the provider responds with an error")


def token_refusal(body: Mapping[str, object]) -> ProviderRefusal:
    """Return the refusal for an error of the token endpoint (RFC 6749 §5.2)."""
    error = str(body.get("error"))
    if error in _MISCONFIGURED:
        return ProviderRefusal(Refusal.UNAVAILABLE, CREDENTIALS_REFUSED)
    refusal = _REFUSALS.get(error, Refusal.INVALID_ANSWER)
    return ProviderRefusal(refusal, "the provider does not redeem the code")
