"""The portal as an OpenID client: the address to send a browser to, and the calls behind its back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from portal.clock import Clock
from portal.errors import Reason, Refused
from portal.identity_client import id_token, logout_token
from portal.identity_client.provider import TIMEOUT_SECONDS, Provider, fetch, json_object

# Where a token answer does not say how long it lives (RFC 6749 §5.1 only recommends it).
DEFAULT_LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class Registration:
    """The portal as registered at identity."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    post_logout_redirect_uri: str
    scope: str
    # The resource indicator (RFC 8707) the first access token is for.
    resource: str


@dataclass(frozen=True)
class Departure:
    """What one trip to identity is bound to."""

    state: str
    nonce: str
    code_verifier: str
    # BCP 47; identity's pages appear in it.
    language: str
    login_hint: str = ""


@dataclass(frozen=True)
class AccessToken:
    """An access token for one resource, and until when it is good, in Unix seconds."""

    value: str
    expires_at: int


@dataclass(frozen=True)
class SignInTokens:
    """What a sign-in brings."""

    subject: str
    sid: str
    id_token: str
    access_token: AccessToken
    # Empty where identity issues none.
    refresh_token: str


@dataclass(frozen=True)
class FreshTokens:
    """What a refresh brings."""

    access_token: AccessToken
    refresh_token: str


@dataclass(frozen=True)
class Profile:
    """What userinfo says of the resident; empty text where it says nothing."""

    name: str
    email: str


class IdentityClient:
    """Speaks to identity for the portal. Raises `Refused` and nothing else."""

    def __init__(self, registration: Registration, clock: Clock) -> None:
        self._registration, self._clock = registration, clock
        self._provider = Provider(registration.issuer, clock)

    @property
    def issuer(self) -> str:
        """The issuer; also the resource that userinfo's access tokens are for."""
        return self._registration.issuer

    def authorization_url(self, departure: Departure) -> str:
        """Return where to send the browser (OpenID Connect Core §3.1.2.1, RFC 7636, RFC 8707)."""
        extra = {"login_hint": departure.login_hint} if departure.login_hint else {}
        with self._session() as session:
            url, _state = session.create_authorization_url(
                self._provider.metadata().authorization_endpoint,
                scope=self._registration.scope,
                state=departure.state,
                nonce=departure.nonce,
                code_verifier=departure.code_verifier,
                resource=self._registration.resource,
                ui_locales=departure.language,
                **extra,
            )
        return str(url)

    def check_issuer(self, iss: str | None) -> None:
        """Refuse an answer from another provider: RFC 9207 §2.4. Raises SIGN_IN_NOT_VERIFIED."""
        if iss is None and not self._provider.metadata().sends_iss:
            return
        if iss != self._registration.issuer:
            raise Refused(Reason.SIGN_IN_NOT_VERIFIED, "authorization response: iss")

    def redeem(self, code: str, code_verifier: str, nonce: str) -> SignInTokens:
        """Exchange the code and verify the ID token.

        Raises CODE_REFUSED, SIGN_IN_NOT_VERIFIED or IDENTITY_UNAVAILABLE.
        """
        answer = self._token_request(
            Reason.CODE_REFUSED,
            grant_type="authorization_code",
            code=code,
            code_verifier=code_verifier,
            redirect_uri=self._registration.redirect_uri,
        )
        access_token, token = self._access_token(answer), answer.get("id_token")
        if not isinstance(token, str):
            raise Refused(Reason.SIGN_IN_NOT_VERIFIED, "no ID token")
        verified = self._verify(token, nonce, access_token.value)
        return SignInTokens(
            verified.subject, verified.sid, token, access_token, _text(answer.get("refresh_token"))
        )

    def refresh(self, refresh_token: str, resource: str) -> FreshTokens:
        """Get an access token for this resource. Raises GRANT_ENDED or IDENTITY_UNAVAILABLE."""
        answer = self._token_request(
            Reason.GRANT_ENDED, grant_type="refresh_token", refresh_token=refresh_token, resource=resource
        )
        return FreshTokens(self._access_token(answer), _text(answer.get("refresh_token")) or refresh_token)

    def profile(self, access_token: str, subject: str) -> Profile:
        """Ask userinfo.

        Raises SIGN_IN_NOT_VERIFIED if it speaks of somebody else (OpenID Connect Core §5.3.2), or
        IDENTITY_UNAVAILABLE.
        """
        url = self._provider.metadata().userinfo_endpoint
        claims = json_object(fetch(url, headers={"Authorization": f"Bearer {access_token}"}), url)
        if claims.get("sub") != subject:
            raise Refused(Reason.SIGN_IN_NOT_VERIFIED, "userinfo: sub")
        parts = [_text(claims.get("given_name")), _text(claims.get("family_name"))]
        name = _text(claims.get("name")) or " ".join(part for part in parts if part)
        return Profile(name, _text(claims.get("email")))

    def sign_out_url(self, id_token_hint: str, state: str, language: str) -> str:
        """Return where a browser signs out there as well (RP-Initiated Logout §2); empty if nowhere."""
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
        return str(requests.Request("GET", endpoint, params=query).prepare().url)

    def logged_out(self, token: str) -> logout_token.LogoutToken:
        """Return what a logout token says (OpenID Connect Back-Channel Logout §2.6).

        Raises LOGOUT_NOT_VERIFIED, or IDENTITY_UNAVAILABLE while identity's keys cannot be had.
        """
        now = int(self._clock.now().timestamp())
        expected = logout_token.Expected(self._registration.issuer, self._registration.client_id, now)
        try:
            return logout_token.verify(token, self._provider.keys(), expected)
        except id_token.UnknownKeyError:
            pass
        try:
            return logout_token.verify(token, self._provider.keys(again=True), expected)
        except id_token.UnknownKeyError:
            raise Refused(Reason.LOGOUT_NOT_VERIFIED, "logout token: no such key") from None

    def city(self, city_id: str) -> Mapping[str, Any]:
        """Return the public facts of a city. Raises IDENTITY_UNAVAILABLE."""
        url = f"{self._registration.issuer}/cities/{city_id}"
        return json_object(fetch(url), url)

    def city_logo(self, city_id: str) -> bytes:
        """Return a city's logo, an SVG drawing. Raises IDENTITY_UNAVAILABLE."""
        return fetch(f"{self._registration.issuer}/cities/{city_id}/logo.svg")

    def _verify(self, token: str, nonce: str, access_token: str) -> id_token.IdToken:
        expected = id_token.Expected(
            self._registration.issuer,
            self._registration.client_id,
            nonce,
            access_token,
            int(self._clock.now().timestamp()),
        )
        try:
            return id_token.verify(token, self._provider.keys(), expected)
        except id_token.UnknownKeyError:
            pass
        try:
            return id_token.verify(token, self._provider.keys(again=True), expected)
        except id_token.UnknownKeyError:
            raise Refused(Reason.SIGN_IN_NOT_VERIFIED, "ID token: no such key") from None

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._registration.client_id,
            self._registration.client_secret,
            redirect_uri=self._registration.redirect_uri,
            code_challenge_method="S256",
        )

    def _token_request(self, if_refused: Reason, **parameters: str) -> Mapping[str, Any]:
        """Ask the token endpoint. `if_refused` is what `invalid_grant` means here."""
        endpoint = self._provider.metadata().token_endpoint
        try:
            with self._session() as session:
                answer = session.fetch_token(
                    endpoint, timeout=TIMEOUT_SECONDS, allow_redirects=False, **parameters
                )
        except OAuthError as error:
            _token_refused(if_refused, str(error.error))
        except (requests.RequestException, OSError, ValueError) as error:
            raise Refused(Reason.IDENTITY_UNAVAILABLE, f"token endpoint: {type(error).__name__}") from None
        return dict(answer)

    def _access_token(self, answer: Mapping[str, Any]) -> AccessToken:
        value, kind = answer.get("access_token"), answer.get("token_type")
        if not isinstance(value, str) or str(kind).lower() != "bearer":
            raise Refused(Reason.IDENTITY_UNAVAILABLE, "token endpoint: no bearer token")
        lifetime = answer.get("expires_in")
        seconds = lifetime if isinstance(lifetime, int) and lifetime > 0 else DEFAULT_LIFETIME_SECONDS
        return AccessToken(value, int(self._clock.now().timestamp()) + seconds)


def _token_refused(if_refused: Reason, code: str) -> NoReturn:
    # Anything else (`invalid_client`, `invalid_target`, …) is a fault of the set-up, not of this resident.
    reason = if_refused if code == "invalid_grant" else Reason.IDENTITY_UNAVAILABLE
    raise Refused(reason, f"token endpoint: {code}")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
