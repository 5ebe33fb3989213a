"""The end of a sign-in: the authorization response is checked, the code redeemed, the session begun."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

import structlog

from portal import randomness
from portal.clock import Clock
from portal.errors import CodeRefusedError, IdentityError, IdentityUnavailableError, SignInNotVerifiedError
from portal.identity_client.call_limit import CallLimit
from portal.identity_client.client import IdentityClient, SignInTokens
from portal.secret_keys import SecretKeys
from portal.sign_in.backchannel_logout.store import UsedLogoutTokens
from portal.sign_in.begin import VERIFIER
from portal.sign_in.store import PendingSignIn, SignInAttempts
from portal.storage import Storage
from portal.web.paths import HOME
from portal.web.sessions.store import Sessions
from portal.web.sessions.tokens import TokenCipher, first_tokens

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AuthorizationResponse:
    """The parameters of the response (RFC 6749 §4.1.2, RFC 9207); `browser` is its cookie's secret."""

    browser: str
    state: str
    code: str
    error: str
    iss: str | None


@dataclass(frozen=True)
class SignedIn:
    """A session has begun; `secret` is for its cookie."""

    return_to: str
    secret: str


@dataclass(frozen=True)
class StartOver:
    """The attempt is unknown, expired, used or another browser's, or the code too old: begin another."""

    return_to: str
    restarts: int


class Failure(Enum):
    """Why the sign-in failed; each has its words in `not_signed_in.html`."""

    # Starting over failed as well.
    STOPPED = auto()
    # `access_denied`: the resident or identity declined.
    DECLINED = auto()
    NOT_VERIFIED = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True)
class NotSignedIn:
    """The sign-in has failed. `return_to` is for another try."""

    failure: Failure
    return_to: str


Outcome = SignedIn | StartOver | NotSignedIn


class CompleteSignIn:
    """Turns an authorization response into a session."""

    def __init__(
        self,
        storage: Storage,
        secret_keys: SecretKeys,
        identity: IdentityClient,
        clock: Clock,
        resource: str,
        limit: CallLimit,
    ) -> None:
        self._storage, self._secret_keys, self._identity, self._clock = storage, secret_keys, identity, clock
        self._cipher, self._resource, self._limit = TokenCipher(secret_keys), resource, limit

    def complete(self, response: AuthorizationResponse) -> Outcome:
        """Claim the attempt, which counts once, then redeem the code and begin a session."""
        began_at = self._clock.now()
        with self._storage.transaction() as tx:
            attempts = SignInAttempts(tx)
            pending = attempts.claim_attempt(response.state, response.browser, began_at)
            unclaimed = None if pending else attempts.find_unclaimed(response.state)
        if pending is None:
            return _start_over(
                unclaimed.return_to if unclaimed else HOME, unclaimed.restarts if unclaimed else 0
            )
        try:
            return self._redeem(response, pending, began_at)
        except CodeRefusedError as error:
            _log_refused(error)
            return _start_over(pending.return_to, pending.restarts)
        except IdentityUnavailableError as error:
            _log_refused(error)
            return NotSignedIn(Failure.UNAVAILABLE, pending.return_to)
        except IdentityError as error:
            _log_refused(error)
            return NotSignedIn(Failure.NOT_VERIFIED, pending.return_to)

    def _redeem(
        self, response: AuthorizationResponse, pending: PendingSignIn, began_at: datetime
    ) -> SignedIn | StartOver | NotSignedIn:
        self._identity.check_issuer(response.iss)
        if response.error == "access_denied":
            return NotSignedIn(Failure.DECLINED, pending.return_to)
        if response.error == "temporarily_unavailable":
            return NotSignedIn(Failure.UNAVAILABLE, pending.return_to)
        if response.error or not response.code:
            raise SignInNotVerifiedError(f"authorization response: error {response.error[:64]!r}")
        opened = self._secret_keys.decrypt(VERIFIER, response.state, pending.sealed_verifier, now=0)
        with self._limit.call():
            tokens = self._identity.redeem_code(response.code, str(opened["verifier"]), pending.nonce)
        secret = self._begin_session(tokens, began_at)
        if secret is None:
            return _start_over(pending.return_to, pending.restarts)
        return SignedIn(pending.return_to, secret)

    def _begin_session(self, tokens: SignInTokens, began_at: datetime) -> str | None:
        """Begin a session; None if identity has ended its own, and said so, since the code was redeemed."""
        now, session_id = self._clock.now(), randomness.identifier()
        sealed = self._cipher.encrypt(session_id, first_tokens(tokens, self._resource), int(now.timestamp()))
        with self._storage.transaction() as tx:
            logouts, sessions = UsedLogoutTokens(tx), Sessions(tx)
            logouts.hold_sign_in(tokens.sid, tokens.subject)
            secret = sessions.add_session(session_id, tokens.subject, tokens.sid, sealed, now)
            if logouts.is_ended_since(tokens.sid, tokens.subject, began_at):
                sessions.end_session(session_id)
                return None
            return secret


def _start_over(return_to: str, restarts: int) -> StartOver | NotSignedIn:
    """Start over once; a second failure in a row is explained, or the browser would go in circles."""
    return NotSignedIn(Failure.STOPPED, return_to) if restarts else StartOver(return_to, restarts + 1)


def _log_refused(error: IdentityError) -> None:
    log.warning("sign_in_refused", reason=error.code, detail=error.detail)
