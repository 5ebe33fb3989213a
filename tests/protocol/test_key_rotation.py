"""Keys rotated under load: a client that keeps the JWKS as long as it may never fails to verify a token."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from identity.app import create_app
from identity.config import Settings
from identity.secret_keys import SecretKeys
from identity.signing_keys.rotation import PUBLISHED_AFTER, PUBLISHED_BEFORE, KeyRotation
from identity_provider import ISSUER, SECRET_KEY, Client, Provider
from joserfc import jwt
from joserfc.jwk import KeySet

# Looked at closely: before and after each change; of the quiet hours between them nothing is missed.
AROUND = timedelta(minutes=12)
STEP = timedelta(seconds=50)
TOKEN_LIFE = timedelta(minutes=5)


class CachingVerifier:
    """Verifies as careful libraries do: keeps the keys for max-age, never asks earlier, trusts no header."""

    def __init__(self, provider: Provider, app: Any, late_by: timedelta) -> None:
        self._provider, self._app = provider, app
        self._keys, self._until = KeySet([]), provider.clock.now() - late_by
        self._fetch(late_by)
        self.kids: set[str] = set()

    def verify(self, token: str, alg: str) -> None:
        if self._provider.clock.now() >= self._until:
            self._fetch()
        decoded = jwt.decode(token, self._keys, algorithms=[alg])
        self.kids.add(str(decoded.header["kid"]))

    def _fetch(self, earlier: timedelta = timedelta()) -> None:
        response = self._app.test_client().get("/jwks", base_url=ISSUER)
        max_age = int(response.headers["Cache-Control"].rpartition("=")[2])
        self._keys = KeySet.import_key_set(response.json)
        self._until = self._provider.clock.now() + timedelta(seconds=max_age) - earlier


def moments(provider: Provider, changes: list[datetime]) -> list[list[datetime]]:
    """Return the times to look at, in order, window by window."""
    windows = []
    for change in changes:
        first = max(change - AROUND, provider.clock.now())
        count = int((change + AROUND - first) / STEP)
        windows.append([first + STEP * n for n in range(1, count + 1)])
    return windows


@pytest.mark.timeout(300)
def test_not_one_verification_fails(provider: Provider):
    client = provider.client(id_token_signed_response_alg="RS256")
    # Another process of the same service, with caches of its own: tokens come from one, keys from the other.
    settings = Settings(issuer=ISSUER, database_url=provider.url, secret_keys=[SECRET_KEY])
    other = create_app(settings, clock=provider.clock, hashing="cheap")
    key_rotation = KeyRotation(provider.storage, SecretKeys([SECRET_KEY]), provider.clock)
    verifiers = [
        CachingVerifier(provider, app, timedelta(seconds=late))
        for app, late in ((provider.app, 0), (other, 100), (other, 299))
    ]
    began = provider.clock.now()
    held: list[tuple[datetime, str, str]] = []
    key_rotation.publish_next()
    changes = [began, began + PUBLISHED_BEFORE, began + PUBLISHED_BEFORE + PUBLISHED_AFTER]
    residents = [provider.resident() for _ in range(3)]
    with ThreadPoolExecutor(len(residents)) as load:
        for window in moments(provider, changes):
            provider.clock.advance(window[0] - provider.clock.now())
            browsers = [provider.browser(resident) for resident in residents]
            for moment in window:
                provider.clock.advance(moment - provider.clock.now())
                asked = [load.submit(tokens, provider, browser, client) for browser in browsers]
                # As the worker does, in the middle of it.
                key_rotation.rotate_due()
                held += [(moment, *one.result()) for one in asked]
                held = [one for one in held if moment < one[0] + TOKEN_LIFE]
                for verifier in verifiers:
                    for _, access_token, id_token in held:
                        verifier.verify(access_token, "ES256")
                        verifier.verify(id_token, "RS256")
    for verifier in verifiers:
        assert len(verifier.kids) == 4, "both algorithms were verified by the old key and by the new one"
    remaining = {key["kid"] for key in (other.test_client().get("/jwks").json or {})["keys"]}
    other.extensions["identity"].dispose()
    assert len(remaining) == 2
    assert not remaining & {"key-ES256", "key-RS256"}


def tokens(provider: Provider, browser: Any, client: Client) -> tuple[str, str]:
    content = provider.tokens(browser, client)
    return content["access_token"], content["id_token"]


def test_the_keys_may_be_kept_for_less_than_a_successor_is_published_before_it_signs(provider: Provider):
    header = provider.app.test_client().get("/jwks", base_url=ISSUER).headers["Cache-Control"]
    assert timedelta(seconds=int(header.rpartition("=")[2])) * 10 < PUBLISHED_BEFORE
