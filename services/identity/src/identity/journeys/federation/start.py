"""The verb "Sign in with …": prepares the way to a provider and back."""

import base64
import hashlib
from dataclasses import dataclass

import structlog

from identity import randomness
from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.config import Settings
from identity.continuation import Continuation, Continuations
from identity.identity_providers.provider import Provider, ProviderRefusal, Question
from identity.journeys.federation.attempt_store import Attempts, AttemptSecrets
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.secret_keys import SecretKeys
from identity.storage import Storage

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RedirectToProvider:
    """The browser may go."""

    url: str
    # For the cookie that proves this browser.
    browser_secret: str


class ProviderUnavailable:
    """The provider does not say where its sign-in is; nothing was written but the fault."""


class StartSignIn:
    """Sends residents to providers."""

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

    def leave(
        self,
        provider: Provider,
        continuation: Continuation,
        *,
        language: str,
        link_token: str,
        browser: RequestingBrowser,
    ) -> RedirectToProvider | ProviderUnavailable:
        """Note the attempt and return where to go. `link_token`: of the mailed link that led here, if any."""
        state, nonce, verifier = (randomness.secret() for _ in range(3))
        try:
            url = provider.authorization_url(
                Question(
                    state=state,
                    nonce=nonce,
                    code_challenge=_s256(verifier),
                    redirect_uri=redirect_uri(self._issuer, provider.key),
                    language=language,
                    login_hint=continuation.login_hint or None,
                )
            )
        except ProviderRefusal as refusal:
            _log.warning("provider_sign_in_failed", provider=provider.key, cause=refusal.cause)
            self._note(provider, continuation, browser, str(refusal.refusal))
            return ProviderUnavailable()
        secret = browser.secret or randomness.secret()
        with self._storage.transaction() as tx:
            Attempts(tx, self._secret_keys).add(
                state=state,
                provider=provider.key,
                browser_secret=secret,
                secrets=AttemptSecrets(nonce, verifier, link_token),
                continuation=self._continuations.sign(continuation),
                language=language,
                now=self._clock.now(),
            )
        return RedirectToProvider(url, secret)

    def _note(
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
    """Return where a provider sends the browser back: one for each, so that no answer is taken for another's.

    RFC 9700 §4.4.2.2.
    """
    return f"{issuer}/sign-in/{provider_key}/callback"


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
