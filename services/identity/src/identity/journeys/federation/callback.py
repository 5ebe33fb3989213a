"""The verb that takes a provider's authorization response and signs the resident in, or says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from identity.audit.events import Event
from identity.audit.store import Audit
from identity.clock import Clock
from identity.config import Settings
from identity.continuation import Continuation, Continuations
from identity.identity_providers.provider import (
    ExpectedResponse,
    Provider,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.journeys.federation.attempt_store import Attempt, Attempts
from identity.journeys.federation.match_resident import (
    AddressUnverified,
    AnswerRevoked,
    DetailsMissing,
    MatchResident,
    ResidentDisabled,
    VerifiedCallback,
)
from identity.journeys.federation.provision import OtherMethod, SignInCompleted
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.journeys.federation.start import redirect_uri
from identity.secret_keys import SecretKeys
from identity.storage import Storage

_log = structlog.get_logger(__name__)


class SignInRefusal(StrEnum):
    """Why the resident is not signed in. The values stand in URLs; the page has a text for each."""

    DENIED = "denied"
    # The response belongs to no open attempt of this browser, or does not verify.
    INVALID_CALLBACK = "not_ours"
    UNAVAILABLE = "unavailable"
    # The account at the provider.
    ACCOUNT_DISABLED = "disabled_there"
    # The resident here.
    RESIDENT_DISABLED = "disabled_here"


@dataclass(frozen=True)
class SignInRefused:
    """The resident is not signed in."""

    reason: SignInRefusal
    # None where the attempt is not known to be this browser's.
    continuation: Continuation | None


@dataclass(frozen=True)
class AlreadySignedIn:
    """The response was handled before ("Back", or a second tab), and the session lives."""

    continuation: Continuation


Outcome = SignInCompleted | AddressUnverified | DetailsMissing | OtherMethod | SignInRefused | AlreadySignedIn

_REASONS = {
    Refusal.DENIED: SignInRefusal.DENIED,
    Refusal.INVALID_ANSWER: SignInRefusal.INVALID_CALLBACK,
    Refusal.UNAVAILABLE: SignInRefusal.UNAVAILABLE,
    Refusal.DISABLED: SignInRefusal.ACCOUNT_DISABLED,
}


class HandleCallback:
    """Handles authorization responses."""

    def __init__(
        self,
        *,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        settings: Settings,
        continuations: Continuations,
        match_resident: MatchResident,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._issuer = settings.issuer
        self._continuations = continuations
        self._match_resident = match_resident

    def store_form_post(self, provider: Provider, params: Mapping[str, str]) -> None:
        """Store a response that came without cookies until its browser fetches it."""
        with self._storage.transaction() as tx:
            Attempts(tx, self._secret_keys).store_posted_answer(
                params.get("state", ""), provider.key, params, self._clock.now()
            )

    def handle(self, provider: Provider, params: Mapping[str, str], browser: RequestingBrowser) -> Outcome:
        """Claim the attempt, verify the response with the provider, and sign the resident in.

        The attempt is claimed first, and no transaction is open while the provider is asked.
        """
        now, state, secret = self._clock.now(), params.get("state", ""), browser.secret or ""
        with self._storage.transaction() as tx:
            attempts = Attempts(tx, self._secret_keys)
            attempt = attempts.claim_attempt(state, provider.key, secret, now)
            if attempt is None:
                return self._not_open(attempts.find_attempt(state, provider.key, secret), browser)
        continuation = self._continuations.read(attempt.continuation)
        try:
            identity = self._verify(provider, state, attempt, params)
        except ProviderRefusal as refusal:
            _log.warning("provider_sign_in_failed", provider=provider.key, cause=refusal.cause)
            self._record_failure(provider, continuation, browser, str(refusal.refusal), now)
            return SignInRefused(_REASONS[refusal.refusal], continuation)
        callback = VerifiedCallback(identity, now, attempt, continuation, browser)
        outcome = self._match_resident.match(callback)
        if isinstance(outcome, ResidentDisabled):
            return SignInRefused(SignInRefusal.RESIDENT_DISABLED, continuation)
        if isinstance(outcome, AnswerRevoked):
            return SignInRefused(SignInRefusal.INVALID_CALLBACK, continuation)
        return outcome

    def _verify(
        self, provider: Provider, state: str, attempt: Attempt, params: Mapping[str, str]
    ) -> ProviderIdentity:
        expected = ExpectedResponse(
            state=state,
            nonce=attempt.secrets.nonce,
            code_verifier=attempt.secrets.code_verifier,
            redirect_uri=redirect_uri(self._issuer, provider.key),
        )
        response = params if attempt.posted_answer is None else attempt.posted_answer
        return provider.identity_from_callback(response, expected)

    def _not_open(
        self, attempt: Attempt | None, browser: RequestingBrowser
    ) -> SignInRefused | AlreadySignedIn:
        if attempt is None:
            return SignInRefused(SignInRefusal.INVALID_CALLBACK, None)
        continuation = self._continuations.read(attempt.continuation)
        if attempt.is_spent and browser.current and not continuation.reauthenticate:
            return AlreadySignedIn(continuation)
        return SignInRefused(SignInRefusal.INVALID_CALLBACK, continuation)

    def _record_failure(
        self,
        provider: Provider,
        continuation: Continuation,
        browser: RequestingBrowser,
        why: str,
        now: datetime,
    ) -> None:
        with self._storage.transaction() as tx:
            Audit(tx).record(
                Event.SIGN_IN_FAILED,
                now,
                client_id=continuation.client_id or None,
                ip_address=browser.visitor.ip_address,
                method=provider.key,
                why=why,
            )
