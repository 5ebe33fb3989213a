"""The portal as an OpenID client of identity: authorization request, tokens, userinfo, sign-out, city."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from portal.clock import Clock
from portal.errors import (
    CodeRefusedError,
    GrantEndedError,
    IdentityError,
    IdentityUnavailableError,
    LogoutNotVerifiedError,
    SignInNotVerifiedError,
)
from portal.identity_client import id_token, logout_token
from portal.identity_client.provider import Keys, Provider
from portal.outbound_http import HttpResponse, OutboundHttp, OutboundHttpError, basic_credentials

Verified = TypeVar("Verified")

# For a token response without `expires_in`, which RFC 6749 §5.1 only recommends.
DEFAULT_LIFETIME_SECONDS = 300
OK = 200
# RFC 6749 §5.2.
REFUSALS = (400, 401)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """The portal's registration as a client at identity. Holds the client secret."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    post_logout_redirect_uri: str
    scope: str
    # The resource indicator (RFC 8707) of the first access token.
    resource: str


@dataclass(frozen=True)
class AuthorizationParameters:
    """What one authorization request alone has. `state`, `nonce` and `code_verifier` are secrets."""

    state: str
    nonce: str
    code_verifier: str
    # BCP 47, sent as `ui_locales`.
    language: str
    login_hint: str = ""


@dataclass(frozen=True)
class AccessToken:
    """An access token for one resource, a secret. `expires_at` in Unix seconds."""

    value: str
    expires_at: int


@dataclass(frozen=True)
class SignInTokens:
    """What the code was exchanged for: secrets, and whose they are."""

    subject: str
    sid: str
    id_token: str
    access_token: AccessToken
    # Empty if identity issues none.
    refresh_token: str


@dataclass(frozen=True)
class FreshTokens:
    """What a refresh token was exchanged for: secrets."""

    access_token: AccessToken
    refresh_token: str


@dataclass(frozen=True)
class Profile:
    """The resident's name and e-mail address from userinfo: personal data. Empty text where it has none."""

    name: str
    email: str


class IdentityClient:
    """The portal's calls to identity. Every call may raise `IdentityUnavailableError`."""

    def __init__(self, registration: Registration, clock: Clock, http: OutboundHttp) -> None:
        """`http` has the limits of `provider.LIMITS`."""
        self._registration, self._clock, self._http = registration, clock, http
        self._provider = Provider(registration.issuer, clock, http)

    @property
    def issuer(self) -> str:
        """The issuer identifier; also the resource indicator for userinfo."""
        return self._registration.issuer

    def expire(self) -> None:
        """Forget the provider's metadata and keys, as before the first request."""
        self._provider.expire()

    def authorization_url(self, parameters: AuthorizationParameters) -> str:
        """Return the authorization request as a URL (OpenID Connect Core §3.1.2.1, RFC 7636, RFC 8707)."""
        challenge = create_s256_code_challenge(parameters.code_verifier)  # type: ignore[no-untyped-call]  # of Authlib
        extra = {"login_hint": parameters.login_hint} if parameters.login_hint else {}
        return str(
            prepare_grant_uri(
                self._provider.metadata().authorization_endpoint,
                self._registration.client_id,
                "code",
                redirect_uri=self._registration.redirect_uri,
                scope=self._registration.scope,
                state=parameters.state,
                nonce=parameters.nonce,
                code_challenge=challenge,
                code_challenge_method="S256",
                resource=self._registration.resource,
                ui_locales=parameters.language,
                **extra,
            )
        )

    def check_issuer(self, iss: str | None) -> None:
        """Compare an authorization response's `iss` (RFC 9207 §2.4); raises `SignInNotVerifiedError`."""
        if iss is None and not self._provider.metadata().sends_iss:
            return
        if iss != self._registration.issuer:
            raise SignInNotVerifiedError("authorization response: iss")

    def redeem_code(self, code: str, code_verifier: str, nonce: str) -> SignInTokens:
        """Exchange the code and verify the ID token.

        Raises `CodeRefusedError` or `SignInNotVerifiedError`.
        """
        response = self._token_request(
            CodeRefusedError,
            grant_type="authorization_code",
            code=code,
            code_verifier=code_verifier,
            redirect_uri=self._registration.redirect_uri,
        )
        access_token, token = self._access_token(response), response.get("id_token")
        if not isinstance(token, str):
            raise SignInNotVerifiedError("no ID token")
        verified = self._verify_id_token(token, nonce, access_token.value)
        return SignInTokens(
            verified.subject, verified.sid, token, access_token, _text(response.get("refresh_token"))
        )

    def refresh(self, refresh_token: str, resource: str) -> FreshTokens:
        """Exchange a refresh token for an access token for this resource; raises `GrantEndedError`."""
        response = self._token_request(
            GrantEndedError, grant_type="refresh_token", refresh_token=refresh_token, resource=resource
        )
        return FreshTokens(
            self._access_token(response), _text(response.get("refresh_token")) or refresh_token
        )

    def fetch_profile(self, access_token: str, subject: str) -> Profile:
        """Call userinfo.

        Raises `SignInNotVerifiedError` if its `sub` is another (OpenID Connect Core §5.3.2).
        """
        url = self._provider.metadata().userinfo_endpoint
        claims = self._fetch_object(url, {"Authorization": f"Bearer {access_token}"})
        if claims.get("sub") != subject:
            raise SignInNotVerifiedError("userinfo: sub")
        names = [_text(claims.get("given_name")), _text(claims.get("family_name"))]
        name = _text(claims.get("name")) or " ".join(each for each in names if each)
        return Profile(name, _text(claims.get("email")))

    def sign_out_url(self, id_token_hint: str, state: str, language: str) -> str:
        """Return the logout request as a URL (RP-Initiated Logout §2); empty if identity has no endpoint."""
        endpoint = self._provider.metadata().end_session_endpoint
        if not endpoint:
            return ""
        query = {
            "id_token_hint": id_token_hint,
            "client_id": self._registration.client_id,
            "post_logout_redirect_uri": self._registration.post_logout_redirect_uri,
            "state": state,
            "ui_locales": language,
        }
        return str(add_params_to_uri(endpoint, list(query.items())))

    def verify_logout_token(self, token: str) -> logout_token.LogoutToken:
        """Verify a logout token (Back-Channel Logout §2.6); raises `LogoutNotVerifiedError`."""
        expected = logout_token.Expected(self._registration.issuer, self._registration.client_id, self._now())
        try:
            return self._with_keys(lambda keys: logout_token.verify(token, keys, expected))
        except id_token.UnknownKeyError:
            raise LogoutNotVerifiedError("logout token: no such key") from None

    def fetch_city(self, city_id: str) -> Mapping[str, object]:
        """Return a city's public record, unchecked JSON."""
        return self._fetch_object(f"{self._registration.issuer}/cities/{city_id}")

    def fetch_city_logo(self, city_id: str) -> bytes:
        """Return a city's logo (SVG)."""
        return self._fetch(f"{self._registration.issuer}/cities/{city_id}/logo.svg").body

    def _fetch_object(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, object]:
        return _json_object(self._fetch(url, headers), url)

    def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        try:
            response = self._http.get(url, headers)
        except OutboundHttpError as error:
            raise IdentityUnavailableError(f"{url}: {error}") from None
        if response.status != OK:
            raise IdentityUnavailableError(f"{url} answered {response.status}")
        return response

    def _verify_id_token(self, token: str, nonce: str, access_token: str) -> id_token.IdToken:
        expected = id_token.Expected(
            self._registration.issuer, self._registration.client_id, nonce, access_token, self._now()
        )
        try:
            return self._with_keys(lambda keys: id_token.verify(token, keys, expected))
        except id_token.UnknownKeyError:
            raise SignInNotVerifiedError("ID token: no such key") from None

    def _with_keys(self, verify: Callable[[Keys], Verified]) -> Verified:
        """Verify with the cached keys; if the key is not among them, with those that identity has now."""
        keys = self._provider.keys()
        try:
            return verify(keys)
        except id_token.UnknownKeyError:
            return verify(self._provider.keys(newer_than=keys))

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _token_request(self, invalid_grant: type[IdentityError], **parameters: str) -> Mapping[str, object]:
        """Call the token endpoint; raises `invalid_grant` for that error (RFC 6749 §5.2)."""
        endpoint = self._provider.metadata().token_endpoint
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": basic_credentials(
                self._registration.client_id, self._registration.client_secret
            ),
        }
        form = prepare_token_request(**parameters)
        try:
            response = self._http.post(endpoint, form.encode(), headers)
        except OutboundHttpError as error:
            raise IdentityUnavailableError(f"token endpoint: {error}") from None
        if response.status not in (OK, *REFUSALS):
            raise IdentityUnavailableError(f"token endpoint answered {response.status}")
        content = _json_object(response, "token endpoint")
        if response.status == OK and "error" not in content:
            return content
        # Other errors (`invalid_client`, `invalid_target`, …) are faults of the set-up.
        code = _text(content.get("error"))
        refusal = invalid_grant if code == "invalid_grant" else IdentityUnavailableError
        raise refusal(f"token endpoint: {code[:64]!r}")

    def _access_token(self, response: Mapping[str, object]) -> AccessToken:
        value, token_type = response.get("access_token"), response.get("token_type")
        if not isinstance(value, str) or str(token_type).lower() != "bearer":
            raise IdentityUnavailableError("token endpoint: no bearer token")
        lifetime = response.get("expires_in")
        seconds = lifetime if isinstance(lifetime, int) and lifetime > 0 else DEFAULT_LIFETIME_SECONDS
        return AccessToken(value, self._now() + seconds)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _json_object(response: HttpResponse, source: str) -> Mapping[str, object]:
    try:
        content = response.json()
    except OutboundHttpError:
        content = None
    if not isinstance(content, dict):
        raise IdentityUnavailableError(f"{source}: not a JSON object")
    return content
