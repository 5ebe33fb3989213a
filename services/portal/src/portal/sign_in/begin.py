"""The start of a sign-in: an authorization request, and what its response will be compared with."""

from dataclasses import dataclass

from portal import randomness
from portal.clock import Clock
from portal.errors import IdentityUnavailableError
from portal.identity_client.client import AuthorizationParameters, IdentityClient
from portal.secret_keys import SecretKeys
from portal.sign_in.store import PendingSignIn, SignInAttempts
from portal.storage import Storage
from portal.web.sessions.store import Sessions

VERIFIER = "pkce-verifier"


@dataclass(frozen=True)
class SignInRequest:
    """What a browser asked for."""

    # The secret of the browser's cookie; empty if it has none yet.
    browser: str
    # A path of the portal, already checked.
    return_to: str
    # BCP 47.
    language: str
    login_hint: str = ""
    # How many attempts in a row failed before this one.
    restarts: int = 0


@dataclass(frozen=True)
class AuthorizationRedirect:
    """The authorization request as a URL, and the secret for the browser's cookie."""

    url: str
    browser: str


@dataclass(frozen=True)
class IdentityUnavailable:
    """Identity cannot be reached just now."""


class BeginSignIn:
    """Stores a sign-in attempt and makes its authorization request."""

    def __init__(
        self, storage: Storage, secret_keys: SecretKeys, identity: IdentityClient, clock: Clock
    ) -> None:
        self._storage, self._secret_keys, self._identity, self._clock = storage, secret_keys, identity, clock

    def begin(self, request: SignInRequest) -> AuthorizationRedirect | IdentityUnavailable:
        """Begin one attempt, good for an hour, once, in this browser."""
        now = self._clock.now()
        state, nonce, verifier = randomness.secret(), randomness.secret(), randomness.secret()
        browser = request.browser or randomness.secret()
        try:
            url = self._identity.authorization_url(
                AuthorizationParameters(state, nonce, verifier, request.language, request.login_hint)
            )
        except IdentityUnavailableError:
            return IdentityUnavailable()
        sealed = self._secret_keys.encrypt(VERIFIER, state, {"verifier": verifier}, now=int(now.timestamp()))
        with self._storage.transaction() as tx:
            attempts = SignInAttempts(tx)
            attempts.delete_old_attempts(now)
            Sessions(tx).delete_expired_sessions(now)
            pending = PendingSignIn(nonce, sealed, request.return_to, request.restarts)
            attempts.add_attempt(state, browser, pending, now)
        return AuthorizationRedirect(url, browser)
