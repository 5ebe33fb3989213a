"""What providers publish and we keep for a while: metadata documents and signing keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from identity.clock import Clock
from identity.identity_providers.http import ProviderHttp
from identity.identity_providers.provider import ProviderRefusal, Refusal

LIFETIME = timedelta(hours=1)
# How long an old copy serves while the provider does not answer.
STALE = timedelta(days=1)
# Between two look-ups of keys that nobody has published: whoever sends such tokens cannot make us ask more
# often.
PAUSE = timedelta(seconds=60)
_KEYS = 50


@dataclass
class _Copy:
    document: dict[str, Any]
    fetched_at: datetime
    asked_at: datetime


class PublishedDocument:
    """One JSON document of a provider, fetched when first needed and again every hour."""

    def __init__(self, url: str, http: ProviderHttp, clock: Clock) -> None:
        self._url, self._http, self._clock = url, http, clock
        self._copy: _Copy | None = None
        self._lock = Lock()

    def get(self, *, anew: bool = False) -> dict[str, Any]:
        """Return the document, no older than an hour; `anew` asks the provider now.

        While the provider does not answer, a copy of up to a day serves; then `ProviderRefusal`
        (UNAVAILABLE).
        """
        with self._lock:
            now = self._clock.now()
            copy = self._copy
            if copy and not anew and not _due(copy, now):
                return copy.document
            try:
                document = self._http.get_object(self._url)
            except ProviderRefusal:
                if copy is None or now - copy.fetched_at > STALE:
                    raise
                copy.asked_at = now
                return copy.document
            self._copy = _Copy(document, now, now)
            return document


def _due(copy: _Copy, now: datetime) -> bool:
    return now - copy.fetched_at >= LIFETIME and now - copy.asked_at >= PAUSE


@dataclass(frozen=True)
class SigningKey:
    """A provider's public key, with all that was published about it."""

    key: RSAKey | ECKey
    published: Mapping[str, Any]


class SigningKeys:
    """The signing keys at one address (JWKS, RFC 7517). A key that is not known yet is looked up at once."""

    def __init__(self, url: str, http: ProviderHttp, clock: Clock) -> None:
        self._document = PublishedDocument(url, http, clock)
        self._clock = clock
        self._looked_up_at: datetime | None = None

    def find(self, key_id: str | None) -> SigningKey:
        """Return the key; without an id, the only one there is.

        Raises `ProviderRefusal`: INVALID_ANSWER if the provider publishes no such key, UNAVAILABLE if it
        cannot be asked.
        """
        found = _match(self._document.get(), key_id)
        if found is None and self._may_look_up():
            found = _match(self._document.get(anew=True), key_id)
        if found is None:
            raise ProviderRefusal(
                Refusal.INVALID_ANSWER, "signed with a key that the provider does not publish"
            )
        return found

    def check(self) -> None:
        """Fetch the keys; raises `ProviderRefusal` (UNAVAILABLE)."""
        _match(self._document.get(anew=True), None)

    def _may_look_up(self) -> bool:
        now = self._clock.now()
        if self._looked_up_at and now - self._looked_up_at < PAUSE:
            return False
        self._looked_up_at = now
        return True


def _match(document: Mapping[str, Any], key_id: str | None) -> SigningKey | None:
    published = document.get("keys")
    if not isinstance(published, list):
        raise ProviderRefusal(Refusal.UNAVAILABLE, "the key set has no keys")
    usable = [k for k in published[:_KEYS] if isinstance(k, dict) and k.get("use") in (None, "sig")]
    matching = usable if key_id is None else [k for k in usable if k.get("kid") == key_id]
    if len(matching) != 1:
        return None
    try:
        key = JWKRegistry.import_key(matching[0])
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    # A shared secret has no place in a published set.
    return SigningKey(key, matching[0]) if isinstance(key, RSAKey | ECKey) else None
