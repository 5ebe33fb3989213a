"""Sign in with Facebook.

OAuth 2.0 and the Graph API
(https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow):

- This flow has no ID token. The person is read from Graph with the access token and `appsecret_proof`
  (HMAC-SHA256 of the token, keyed with the app's secret).
- Errors are objects, with Graph's own codes.
- `email` is missing if the person has none or withheld it. Facebook does not promise that it is verified,
  so it never counts as verified.
- Ids are particular to this app.
- A person can ask at Facebook that we delete their data: a callback with a `signed_request`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from joserfc.util import urlsafe_b64decode
from pydantic import AfterValidator, SecretStr
from pydantic_settings import SettingsConfigDict

from identity.clock import Clock
from identity.identity_providers import claims as read
from identity.identity_providers.code_flow import (
    CREDENTIALS_REFUSED,
    ClientSecret,
    CodeFlow,
    code_challenge_of,
    code_from_callback,
)
from identity.identity_providers.http import JSON, ProviderHttp
from identity.identity_providers.provider import (
    AuthenticationRequest,
    Brand,
    ExpectedResponse,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.identity_providers.settings import Address, ProviderSettings
from identity.json_text import read_json

ISSUER = "https://www.facebook.com"
VERSION = "v25.0"
# Graph sometimes answers programs with this type.
_MEDIA_TYPES = JSON | {"text/javascript"}
_ID = re.compile(r"[0-9]{1,32}")
_SIGNED_REQUEST_CHARACTERS = 4096
_SIGNED_REQUEST_AGE = timedelta(days=1)
_LEEWAY = timedelta(seconds=60)
# https://developers.facebook.com/docs/graph-api/guides/error-handling
_APP_CREDENTIALS = (1, 101)
_TRY_LATER = (2, 4, 17, 341)
# Within code 190: the account has to be confirmed or unlocked at Facebook.
_DISABLED_SUBCODES = (459, 464, 490)


def _version(value: str) -> str:
    if not re.fullmatch(r"v[0-9]+\.[0-9]+", value):
        raise ValueError(f"expected a version such as {VERSION}")
    return value


class FacebookSettings(ProviderSettings):
    """An app of Facebook's, from its developer dashboard."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_FACEBOOK_")

    client_id: str
    client_secret: SecretStr
    graph_version: Annotated[str, AfterValidator(_version)] = VERSION
    site: Address = ISSUER
    graph: Address = "https://graph.facebook.com"


@dataclass(frozen=True)
class DeletionRequest:
    """A person's request, made at Facebook, that we delete their data."""

    issuer: str
    subject: str
    issued_at: datetime


class Facebook:
    """The provider `facebook`."""

    key = "facebook"
    brand = Brand("Facebook", "Sign in with Facebook", "providers/facebook.svg")

    def __init__(self, settings: FacebookSettings, http: ProviderHttp, clock: Clock) -> None:
        self._settings, self._http, self._clock = settings, http, clock
        self._secret = settings.client_secret.get_secret_value()
        self._flow = CodeFlow(
            http,
            settings.client_id,
            ClientSecret(self._secret),
            "email public_profile",
            _graph_refusal,
            _MEDIA_TYPES,
        )

    def authorization_url(self, request: AuthenticationRequest) -> str:
        """Return the URL to send the browser to; see `Provider`."""
        return self._flow.authorization_url(
            f"{self._settings.site}/{self._settings.graph_version}/dialog/oauth",
            {
                "state": request.state,
                **code_challenge_of(request.code_verifier),
                "redirect_uri": request.redirect_uri,
                "locale": {"es": "es_LA"}.get(request.language.partition("-")[0], "en_US"),
            },
        )

    def identity_from_callback(
        self, params: Mapping[str, str], expected: ExpectedResponse
    ) -> ProviderIdentity:
        """Return the identity of the person who signed in; see `Provider`."""
        code = code_from_callback(params, expected, accepts_issuer=lambda issuer: issuer == ISSUER)
        token = self._flow.redeem(
            self._graph("oauth/access_token"),
            code,
            redirect_uri=expected.redirect_uri,
            code_verifier=expected.code_verifier,
        )
        access_token = token.get("access_token")
        if not isinstance(access_token, str) or not access_token.isascii():
            raise ProviderRefusal(Refusal.INVALID_ANSWER, "no access token")
        person = self._person(access_token)
        subject = person.get("id")
        if not isinstance(subject, str) or not _ID.fullmatch(subject):
            raise ProviderRefusal(Refusal.INVALID_ANSWER, "no id")
        return ProviderIdentity(
            issuer=ISSUER,
            subject=subject,
            email=read.email(person.get("email")),
            email_verified=False,
            given_name=read.name(person.get("first_name")),
            family_name=read.name(person.get("last_name")),
        )

    def check(self) -> None:
        """Check reachability and credentials; see `Provider`."""
        self._flow.check(self._graph("oauth/access_token"))

    def deletion_request(self, signed_request: str) -> DeletionRequest:
        """Verify a data deletion callback (the form field `signed_request`), no more than a day old.

        https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback.
        Raises `ProviderRefusal` (INVALID_ANSWER).
        """
        payload = self._verified_payload(signed_request)
        subject, issued_at = payload.get("user_id"), payload.get("issued_at")
        if not isinstance(subject, str) or not _ID.fullmatch(subject):
            raise _forged("no user")
        if not isinstance(issued_at, int) or isinstance(issued_at, bool):
            raise _forged("no time")
        now = self._clock.now()
        oldest, newest = (now - _SIGNED_REQUEST_AGE).timestamp(), (now + _LEEWAY).timestamp()
        if not oldest <= issued_at <= newest:
            raise _forged("too old, or of the future")
        return DeletionRequest(ISSUER, subject, datetime.fromtimestamp(issued_at, UTC))

    def _person(self, access_token: str) -> Mapping[str, object]:
        proof = hmac.new(self._secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
        query = urlencode({"fields": "id,first_name,last_name,email", "appsecret_proof": proof})
        response = self._http.get(
            f"{self._graph('me')}?{query}", {"Authorization": f"Bearer {access_token}"}, _MEDIA_TYPES
        )
        if not response.is_ok or "error" in response.content:
            raise _graph_refusal(response.content)
        return response.content

    def _graph(self, path: str) -> str:
        return f"{self._settings.graph}/{self._settings.graph_version}/{path}"

    def _verified_payload(self, signed_request: str) -> Mapping[str, object]:
        signature, dot, payload = signed_request.partition(".")
        if not dot or len(signed_request) > _SIGNED_REQUEST_CHARACTERS or not signed_request.isascii():
            raise _forged("no signed request")
        right = hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).digest()
        try:
            given = urlsafe_b64decode(signature.encode())
            value = read_json(urlsafe_b64decode(payload.encode()))
        except ValueError as error:
            raise _forged("cannot be read") from error
        if not hmac.compare_digest(given, right):
            raise _forged("the signature does not verify")
        if not isinstance(value, dict) or str(value.get("algorithm")).upper() != "HMAC-SHA256":
            raise _forged("signed in another way")
        return value


def _forged(cause: str) -> ProviderRefusal:
    return ProviderRefusal(Refusal.INVALID_ANSWER, f"deletion request: {cause}")


def _graph_refusal(body: Mapping[str, object]) -> ProviderRefusal:
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    code, subcode = error.get("code"), error.get("error_subcode")
    if subcode in _DISABLED_SUBCODES:
        return ProviderRefusal(Refusal.DISABLED, "the account needs the person's attention at Facebook")
    if code in _APP_CREDENTIALS and error.get("type") == "OAuthException":
        return ProviderRefusal(Refusal.UNAVAILABLE, CREDENTIALS_REFUSED)
    if code in _TRY_LATER or error.get("is_transient") is True:
        return ProviderRefusal(Refusal.UNAVAILABLE, "Graph asks to try later")
    return ProviderRefusal(Refusal.INVALID_ANSWER, "Graph does not answer for this code")
