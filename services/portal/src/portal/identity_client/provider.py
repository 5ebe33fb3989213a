"""The two documents that identity publishes, its metadata and its keys (JWKS): cached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.clock import Clock
from portal.errors import IdentityUnavailableError
from portal.identity_documents import IdentityDocument, Published, Retention
from portal.outbound_http import Limits, OutboundHttp, OutboundHttpError

# Of each request; a city's logo is the largest response.
LIMITS = Limits(connect=2.0, read=3.0, total=4.0, size=512 * 1024)
# In seconds.
CACHE_LIFETIME = 15 * 60
# A token with an unknown key makes the portal fetch the keys again, at most this often.
KEYS_REFETCH_INTERVAL = 30
# While identity is away, the older copies serve. Of the 24 threads of a process (`cli.serve`), so many may
# wait for each.
RETENTION = Retention(
    stale=float("inf"), pause=KEYS_REFETCH_INTERVAL, pause_without_copy=0, wait=2.0, waiting=4
)
# JSON Web Keys (RFC 7517 §4), as published.
Keys = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Metadata:
    """The members of the provider's metadata (OpenID Connect Discovery §3) that the portal uses: URLs."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    # Empty if the provider has no RP-initiated logout.
    end_session_endpoint: str
    # `authorization_response_iss_parameter_supported` (RFC 9207 §3).
    sends_iss: bool


class Provider:
    """Identity's metadata and keys, cached for 15 minutes in each process."""

    def __init__(self, issuer: str, clock: Clock, http: OutboundHttp) -> None:
        self._issuer, self._http = issuer, http

        def seconds() -> float:
            return clock.now().timestamp()

        self._metadata = IdentityDocument(self._fetch_metadata, RETENTION, seconds)
        self._keys = IdentityDocument(self._fetch_keys, RETENTION, seconds)

    def metadata(self) -> Metadata:
        """Return the metadata; raises `IdentityUnavailableError`."""
        try:
            return self._metadata.get()
        except OutboundHttpError as error:
            raise IdentityUnavailableError(f"metadata: {error}") from None

    def keys(self, *, newer_than: Keys | None = None) -> Keys:
        """Return the signing keys, or a set that is newer than this one, if it is not too soon to ask.

        Raises `IdentityUnavailableError`.
        """
        try:
            return self._keys.get(lambda keys: keys is newer_than)
        except OutboundHttpError as error:
            raise IdentityUnavailableError(f"keys: {error}") from None

    def expire(self) -> None:
        """Forget the metadata and the keys, as before the first request."""
        self._metadata.expire()
        self._keys.expire()

    def _fetch_metadata(self) -> Published[Metadata]:
        document = self._fetch_object(f"{self._issuer}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise OutboundHttpError("the metadata names another issuer")
        metadata = Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            end_session_endpoint=self._endpoint(document, "end_session_endpoint", required=False),
            sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        )
        return Published(metadata, CACHE_LIFETIME)

    def _fetch_keys(self) -> Published[Keys]:
        listed = self._fetch_object(self._metadata.get().jwks_uri).get("keys")
        if not isinstance(listed, list):
            raise OutboundHttpError("the answer is not a JWK Set")
        return Published([key for key in listed if isinstance(key, dict)], CACHE_LIFETIME)

    def _fetch_object(self, url: str) -> Mapping[str, object]:
        document = self._http.get(url).json_if_ok()
        if not isinstance(document, dict):
            raise OutboundHttpError("the answer is not a JSON object")
        return document

    def _endpoint(self, document: Mapping[str, object], name: str, *, required: bool = True) -> str:
        url = document.get(name)
        if url is None and not required:
            return ""
        # With an issuer on https, an endpoint on http would send the client's secret in clear.
        scheme = "https://" if self._issuer.startswith("https://") else "http"
        if not isinstance(url, str) or not url.startswith(scheme):
            raise OutboundHttpError(f"the metadata has no usable {name}")
        return url
