"""The verb that takes a provider's answer and lets the resident in, or says why not."""

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
    Expected,
    Provider,
    ProviderIdentity,
    ProviderRefusal,
    Refusal,
)
from identity.journeys.federation.attempt_store import Attempt, Attempts
from identity.journeys.federation.match_resident import MatchResident, Unfinished
from identity.journeys.federation.provision import OtherMethod, SignInCompleted
from identity.journeys.federation.requesting_browser import RequestingBrowser
from identity.journeys.federation.start import redirect_uri
from identity.secret_keys import SecretKeys
from identity.storage import Storage

_log = structlog.get_logger(__name__)


class SignInRefusal(StrEnum):
    """Why nobody was let in. Closed: the page has words for each."""

    DENIED = "denied"
    # No answer to a question of ours: forged, of another browser, used, or too late.
    INVALID_CALLBACK = "not_ours"
    UNAVAILABLE = "unavailable"
    # By the provider.
    ACCOUNT_DISABLED = "disabled_there"
    # The resident, by us.
    RESIDENT_DISABLED = "disabled_here"


@dataclass(frozen=True)
class SignInRefused:
    """Nobody was let in."""

    why: SignInRefusal
    # None when it is not this browser's to know.
    continuation: Continuation | None


@dataclass(frozen=True)
class AlreadySignedIn:
    """The answer was taken before ("Back", or a second tab), and the resident is in."""

    continuation: Continuation


Outcome = SignInCompleted | Unfinished | OtherMethod | SignInRefused | AlreadySignedIn

_WHY = {
    Refusal.DENIED: SignInRefusal.DENIED,
    Refusal.INVALID_ANSWER: SignInRefusal.INVALID_CALLBACK,
    Refusal.UNAVAILABLE: SignInRefusal.UNAVAILABLE,
    Refusal.DISABLED: SignInRefusal.ACCOUNT_DISABLED,
}


class HandleCallback:
    """Takes answers."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        clock: Clock,
        settings: Settings,
        continuations: Continuations,
        recognise: MatchResident,
    ) -> None:
        self._storage = storage
        self._secret_keys = secret_keys
        self._clock = clock
        self._issuer = settings.issuer
        self._continuations = continuations
        self._recognise = recognise

    def keep(self, provider: Provider, answer: Mapping[str, str]) -> None:
        """Keep an answer that came without cookies until its browser comes for it."""
        with self._storage.transaction() as tx:
            Attempts(tx, self._secret_keys).keep_answer(
                answer.get("state", ""), provider.key, answer, self._clock.now()
            )

    def finish(self, provider: Provider, answer: Mapping[str, str], browser: RequestingBrowser) -> Outcome:
        """Spend the attempt, ask the provider who it is, and let the resident in.

        The attempt is spent before anything else, and no transaction is open while the provider is asked.
        """
        now, state = self._clock.now(), answer.get("state", "")
        with self._storage.transaction() as tx:
            attempts = Attempts(tx, self._secret_keys)
            attempt = attempts.claim(state, provider.key, browser.secret or "", now)
            if attempt is None:
                return self._not_open(attempts.look(state, provider.key, browser.secret or ""), browser)
        continuation = self._continuations.read(attempt.continuation)
        try:
            identity = self._identity(provider, state, attempt, answer)
        except ProviderRefusal as refusal:
            _log.warning("provider_sign_in_failed", provider=provider.key, cause=refusal.cause)
            self._note(provider, continuation, browser, str(refusal.refusal), now)
            return SignInRefused(_WHY[refusal.refusal], continuation)
        outcome = self._recognise.recognise(provider.key, identity, attempt, browser)
        return SignInRefused(SignInRefusal.RESIDENT_DISABLED, continuation) if outcome is None else outcome

    def _identity(
        self, provider: Provider, state: str, attempt: Attempt, answer: Mapping[str, str]
    ) -> ProviderIdentity:
        expected = Expected(
            state=state,
            nonce=attempt.secrets.nonce,
            code_verifier=attempt.secrets.code_verifier,
            redirect_uri=redirect_uri(self._issuer, provider.key),
        )
        params = answer if attempt.posted_answer is None else attempt.posted_answer
        return provider.identity_from_callback(params, expected)

    def _not_open(self, attempt: Attempt | None, browser: RequestingBrowser) -> Outcome:
        if attempt is None:
            return SignInRefused(SignInRefusal.INVALID_CALLBACK, None)
        continuation = self._continuations.read(attempt.continuation)
        if attempt.is_spent and browser.current and not continuation.reauthenticate:
            return AlreadySignedIn(continuation)
        return SignInRefused(SignInRefusal.INVALID_CALLBACK, continuation)

    def _note(
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
