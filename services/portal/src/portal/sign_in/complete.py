"""Coming back from identity: the answer is checked, the code redeemed, the session begun."""

from dataclasses import dataclass
from enum import Enum, auto

import structlog

from portal import randomness
from portal.clock import Clock
from portal.errors import Reason, Refused
from portal.identity_client.client import IdentityClient, SignInTokens
from portal.sealing import Keyring
from portal.sign_in.begin import VERIFIER
from portal.sign_in.store import Claimed, SignInAttempts
from portal.storage import Storage
from portal.web.paths import HOME
from portal.web.sessions.store import Sessions
from portal.web.sessions.tokens import TokenSeal, first_tokens

log = structlog.get_logger(__name__)


class Outcome(Enum):
    """How a trip to identity ended."""

    SIGNED_IN = auto()
    # Nothing to be had from this answer (late, used, another browser's): start over, hardly noticed.
    START_OVER = auto()
    # Starting over did not help: say so instead of going round in circles.
    STOPPED = auto()
    # The resident, or identity, said no.
    DECLINED = auto()
    # The answer does not verify, or identity cannot be reached just now.
    FAILED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True)
class Answer:
    """The authorization response (RFC 6749 §4.1.2, RFC 9207), as the browser brought it."""

    browser: str
    state: str
    code: str
    error: str
    iss: str | None


@dataclass(frozen=True)
class Completed:
    """The outcome, where to go, and for SIGNED_IN the secret for the session cookie."""

    outcome: Outcome
    return_to: str
    secret: str = ""
    restarts: int = 0


class CompleteSignIn:
    """Takes what identity answered."""

    def __init__(
        self,
        storage: Storage,
        keyring: Keyring,
        identity: IdentityClient,
        clock: Clock,
        resource: str,
    ) -> None:
        self._storage, self._keyring, self._identity, self._clock = storage, keyring, identity, clock
        self._seal, self._resource = TokenSeal(keyring), resource

    def arrive(self, answer: Answer) -> Completed:
        """Return how the sign-in ended. The attempt is spent first, so nothing can be answered twice."""
        with self._storage.transaction() as session:
            attempts = SignInAttempts(session)
            claimed = attempts.claim(answer.state, answer.browser, self._clock.now())
            trace = None if claimed else attempts.trace(answer.state)
        if claimed is None:
            return _over(trace.return_to if trace else HOME, trace.restarts if trace else 0)
        try:
            return self._redeem(answer, claimed)
        except Refused as refused:
            log.warning("sign_in_refused", reason=refused.reason, detail=refused.detail)
            if refused.reason is Reason.CODE_REFUSED:
                return _over(claimed.return_to, claimed.restarts)
            unavailable = refused.reason is Reason.IDENTITY_UNAVAILABLE
            return Completed(Outcome.UNAVAILABLE if unavailable else Outcome.FAILED, claimed.return_to)

    def _redeem(self, answer: Answer, claimed: Claimed) -> Completed:
        self._identity.check_issuer(answer.iss)
        if answer.error == "access_denied":
            return Completed(Outcome.DECLINED, claimed.return_to)
        if answer.error == "temporarily_unavailable":
            return Completed(Outcome.UNAVAILABLE, claimed.return_to)
        if answer.error or not answer.code:
            raise Refused(Reason.SIGN_IN_NOT_VERIFIED, f"authorization response: error {answer.error[:64]!r}")
        opened = self._keyring.open(VERIFIER, answer.state, claimed.sealed_verifier, now=0)
        tokens = self._identity.redeem(answer.code, str(opened["verifier"]), claimed.nonce)
        return Completed(Outcome.SIGNED_IN, claimed.return_to, self._begin(tokens))

    def _begin(self, tokens: SignInTokens) -> str:
        now, session_id = self._clock.now(), randomness.identifier()
        kept = first_tokens(tokens, self._resource)
        sealed = self._seal.seal(session_id, kept, int(now.timestamp()))
        with self._storage.transaction() as session:
            return Sessions(session).begin(session_id, tokens.subject, tokens.sid, sealed, now)


def _over(return_to: str, restarts: int) -> Completed:
    """Start over once; whoever comes back in vain again is told what may be wrong."""
    if restarts:
        return Completed(Outcome.STOPPED, return_to)
    return Completed(Outcome.START_OVER, return_to, restarts=restarts + 1)
