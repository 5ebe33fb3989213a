"""The verb "Sign in with …": stores an attempt and returns the provider's authorization URL."""

from dataclasses import dataclass

import structlog

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.config import Settings
from identity.continuation import Continuation, Continuations
from identity.identity_providers.provider import AuthenticationRequest, Provider, ProviderRefusal
from identity.journeys.federation.attempt_store import Attempts, AttemptSecrets
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.secret_keys import SecretKeys
from identity.storage import Storage

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RedirectToProvider:
    """The attempt is stored."""

    # The authorization URL (RFC 6749 §4.1.1).
    url: str
    # For the cookie of this browser (`BrowserBinding`).
    browser_secret: str


class ProviderUnavailable:
    """The provider's metadata cannot be read; only the failure was recorded."""


class StartSignIn:
    """Starts sign-ins with providers."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        settings: Settings,
        continuations: Continuations,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._issuer = settings.issuer
        self._continuations = continuations

    def start(
        self,
        provider: Provider,
        continuation: Continuation,
        *,
        language: str,
        login_hint: str,
        link_token: str,
        browser: RequestingBrowser,
    ) -> RedirectToProvider | ProviderUnavailable:
        """Store the attempt.

        `login_hint` is an e-mail address, `link_token` that of the mailed link by which the resident came.
        Both may be empty.
        """
        state, nonce, verifier = (randomness.secret() for _ in range(3))
        try:
            url = provider.authorization_url(
                AuthenticationRequest(
                    state=state,
                    nonce=nonce,
                    code_verifier=verifier,
                    redirect_uri=redirect_uri(self._issuer, provider.key),
                    language=language,
                    login_hint=login_hint or None,
                )
            )
        except ProviderRefusal as refusal:
            _log.warning("provider_sign_in_failed", provider=provider.key, cause=refusal.cause)
            self._record_failure(provider, continuation, browser, str(refusal.refusal))
            return ProviderUnavailable()
        secret = browser.secret or randomness.secret()
        with self._storage.transaction() as tx:
            Attempts(tx, self._secret_keys).add_attempt(
                state=state,
                provider=provider.key,
                browser_secret=secret,
                secrets=AttemptSecrets(nonce, verifier, link_token),
                continuation=self._continuations.sign(continuation),
                language=language,
                now=self._clock.now(),
            )
        return RedirectToProvider(url, secret)

    def _record_failure(
        self, provider: Provider, continuation: Continuation, browser: RequestingBrowser, why: str
    ) -> None:
        with self._storage.transaction() as tx:
            Audit(tx).record(
                Event.SIGN_IN_FAILED,
                self._clock.now(),
                client_id=continuation.client_id or None,
                ip_address=browser.visitor.ip_address,
                method=provider.key,
                why=why,
            )


def redirect_uri(issuer: str, provider_key: str) -> str:
    """Return a provider's own redirect URI, so that no answer is taken for another's (RFC 9700 §4.4.2.2)."""
    return f"{issuer}/sign-in/{provider_key}/callback"
