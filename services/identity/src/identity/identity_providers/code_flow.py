"""The authorization code flow (RFC 6749 4.1, RFC 7636, RFC 9207) as every provider speaks it, by Authlib."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests import Response
from requests.exceptions import RequestException

from identity.identity_providers.claims import is_same
from identity.identity_providers.http import JSON, ProviderHttp, json_object
from identity.identity_providers.provider import Expected, ProviderRefusal, Refusal

CREDENTIALS_REFUSED = "the provider refuses this deployment's credentials"
_PARAMETER_CHARACTERS = 4096

_REFUSALS = {
    "access_denied": Refusal.DENIED,
    "server_error": Refusal.UNAVAILABLE,
    "temporarily_unavailable": Refusal.UNAVAILABLE,
}
_MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client"})


class Credential(Protocol):
    """How this deployment proves itself at the token endpoint."""

    def apply(self, session: OAuth2Session, token_endpoint: str) -> None:
        """Set the session's client secret and authentication method."""
        ...


@dataclass(frozen=True)
class ClientSecret:
    """A shared secret, sent in the body or as HTTP Basic (RFC 6749 2.3.1)."""

    secret: str = field(repr=False)
    method: str = "client_secret_post"

    def apply(self, session: OAuth2Session, token_endpoint: str) -> None:  # noqa: ARG002 - the protocol's
        """Set the session's client secret and authentication method."""
        session.client_secret = self.secret
        session.token_endpoint_auth_method = self.method


@dataclass(frozen=True)
class CodeFlow:
    """One client's authorization code flow."""

    http: ProviderHttp
    client_id: str
    credential: Credential
    scope: str
    # Given the error answer of the token endpoint.
    refusal_of: Callable[[Mapping[str, Any]], ProviderRefusal]
    # Media types that the provider gives its JSON.
    media_types: Collection[str] = JSON

    def authorization_url(self, endpoint: str, parameters: Mapping[str, str | None]) -> str:
        """Return the URL of the authorization request; parameters of None are left out."""
        given = {name: value for name, value in parameters.items() if value}
        with self._session() as session:
            url, _state = session.create_authorization_url(endpoint, **given)
        return str(url)

    def redeem(
        self, token_endpoint: str, code: str, *, redirect_uri: str, code_verifier: str | None
    ) -> dict[str, Any]:
        """Return the token endpoint's answer to the code; raises `ProviderRefusal`."""
        parameters = {"code": code, "redirect_uri": redirect_uri}
        if code_verifier:
            parameters["code_verifier"] = code_verifier
        with self._session() as session:
            self.credential.apply(session, token_endpoint)
            session.register_compliance_hook("access_token_response", self._checked)
            try:
                return dict(
                    session.fetch_token(token_endpoint, grant_type="authorization_code", **parameters)
                )
            except (RequestException, OAuthError, ValueError, TypeError, ArithmeticError) as error:
                raise ProviderRefusal(Refusal.UNAVAILABLE, "no sensible token answer") from error

    def check(self, token_endpoint: str) -> None:
        """Redeem a code nobody issued: a provider that takes our credentials complains about the code."""
        try:
            self.redeem(token_endpoint, "check", redirect_uri="https://localhost/check", code_verifier=None)
        except ProviderRefusal as error:
            if error.refusal is not Refusal.INVALID_ANSWER:
                raise

    def _session(self) -> OAuth2Session:
        session = OAuth2Session(self.client_id, scope=self.scope)
        self.http.bound(session)
        return session

    def _checked(self, answer: Response) -> Response:
        body = json_object(answer, self.media_types)
        if not answer.ok or "error" in body:
            raise self.refusal_of(body)
        return answer


def code_from_callback(
    params: Mapping[str, str],
    expected: Expected,
    *,
    accepts_issuer: Callable[[str], bool],
    issuer_is_sent: bool = False,
    refusal_of: Callable[[Mapping[str, str]], ProviderRefusal] | None = None,
) -> str:
    """Return the code of an answer to our question, from the provider we asked; raises `ProviderRefusal`.

    `issuer_is_sent`: the provider promises `iss` in every answer, so that its absence is a forgery
    (RFC 9207 2.4); where it does not promise it, an `iss` must still be its own.
    """
    if any(len(value) > _PARAMETER_CHARACTERS for value in params.values()):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "an answer of this size")
    state = params.get("state", "")
    if not expected.state or not is_same(state, expected.state):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "the answer to another question")
    issuer = params.get("iss")
    if (issuer is None and issuer_is_sent) or (issuer is not None and not accepts_issuer(issuer)):
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "an answer of another provider")
    if "error" in params:
        raise (refusal_of or callback_refusal)(params)
    code = params.get("code", "")
    if not code:
        raise ProviderRefusal(Refusal.INVALID_ANSWER, "an answer without a code")
    return code


def callback_refusal(params: Mapping[str, str]) -> ProviderRefusal:
    """Return what an error in the callback means (RFC 6749 4.1.2.1)."""
    refusal = _REFUSALS.get(params.get("error", ""), Refusal.INVALID_ANSWER)
    return ProviderRefusal(refusal, "the provider answers with an error")


def token_refusal(body: Mapping[str, Any]) -> ProviderRefusal:
    """Return what an error of the token endpoint means (RFC 6749 5.2)."""
    error = body.get("error")
    if error in _MISCONFIGURED:
        return ProviderRefusal(Refusal.UNAVAILABLE, CREDENTIALS_REFUSED)
    refusal = _REFUSALS.get(str(error), Refusal.INVALID_ANSWER)
    return ProviderRefusal(refusal, "the provider does not redeem the code")
