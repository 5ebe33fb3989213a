"""What providers publish: metadata documents and signing keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from identity.clock import Clock
from identity.identity_providers.http import ProviderHttp, unavailable_if_it_fails
from identity.identity_providers.provider import ProviderRefusal, Refusal
from identity.published_documents import Jwk, PublishedDocument, PublishedKeySet, Retention, keys_of

RETENTION = Retention(lifetime=timedelta(hours=1), stale=timedelta(days=1), pause=timedelta(seconds=60))
_MOST_KEYS = 50


class ProviderDocument:
    """One JSON document of a provider, such as its metadata; kept as `RETENTION` says."""

    def __init__(self, url: str, http: ProviderHttp, clock: Clock) -> None:
        self._document = PublishedDocument(lambda: http.fetch_object(url), RETENTION, clock)

    def get(self) -> Mapping[str, object]:
        """Return the document; raises `ProviderRefusal` (UNAVAILABLE)."""
        with unavailable_if_it_fails():
            return self._document.get()


@dataclass(frozen=True)
class SigningKey:
    """A provider's public key, with all that was published about it."""

    key: RSAKey | ECKey
    published: Jwk


class SigningKeys:
    """The signing keys at one address (JWKS, RFC 7517). A key that is not known yet is asked for."""

    def __init__(self, url: str, http: ProviderHttp, clock: Clock) -> None:
        def fetch() -> Sequence[Jwk]:
            return keys_of(http.fetch_object(url), _MOST_KEYS, _may_sign)

        self._key_set = PublishedKeySet(fetch, RETENTION, clock)

    def find(self, key_id: str | None) -> SigningKey:
        """Return the key; without an id, the only one there is.

        Raises `ProviderRefusal`: INVALID_ANSWER if the provider publishes no such key, UNAVAILABLE if it
        cannot be asked.
        """
        with unavailable_if_it_fails():
            keys = self._key_set.keys(key_id)
        found = [key for key in keys if key_id is None or key.get("kid") == key_id]
        key = _imported(found[0]) if len(found) == 1 else None
        if key is None:
            raise ProviderRefusal(
                Refusal.INVALID_ANSWER, "signed with a key that the provider does not publish"
            )
        return key

    def check(self) -> None:
        """Fetch the keys; raises `ProviderRefusal` (UNAVAILABLE)."""
        with unavailable_if_it_fails():
            self._key_set.keys()


def _may_sign(jwk: Jwk) -> bool:
    return jwk.get("use") in (None, "sig")


def _imported(jwk: Jwk) -> SigningKey | None:
    try:
        # Whatever it holds, it is checked there.
        key = JWKRegistry.import_key(cast("dict[str, str | list[str]]", dict(jwk)))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    # A shared secret has no place in a published set.
    return SigningKey(key, jwk) if isinstance(key, RSAKey | ECKey) else None
