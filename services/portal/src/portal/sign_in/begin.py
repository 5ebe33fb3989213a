"""Starting a sign-in: what the trip to identity is bound to is stored, then the browser leaves."""

from dataclasses import dataclass

from portal import randomness
from portal.clock import Clock
from portal.identity_client.client import Departure, IdentityClient
from portal.sealing import Keyring
from portal.sign_in.store import Claimed, SignInAttempts
from portal.storage import Storage
from portal.web.sessions.store import Sessions

VERIFIER = "pkce-verifier"


@dataclass(frozen=True)
class Wish:
    """What the browser asked for."""

    # The secret of the browser's cookie; empty if it has none yet.
    browser: str
    # A path of the portal.
    return_to: str
    language: str
    login_hint: str = ""
    # How many trips before this one came back in vain.
    restarts: int = 0


@dataclass(frozen=True)
class Leaving:
    """Where the browser goes, and the secret its cookie must hold when it comes back."""

    url: str
    browser: str


class BeginSignIn:
    """Sends a browser to identity."""

    def __init__(self, storage: Storage, keyring: Keyring, identity: IdentityClient, clock: Clock) -> None:
        self._storage, self._keyring, self._identity, self._clock = storage, keyring, identity, clock

    def leave(self, wish: Wish) -> Leaving:
        """Store one attempt and return the way. Raises `Refused` (IDENTITY_UNAVAILABLE)."""
        now = self._clock.now()
        state, nonce, verifier = randomness.secret(), randomness.secret(), randomness.secret()
        browser = wish.browser or randomness.secret()
        url = self._identity.authorization_url(
            Departure(state, nonce, verifier, wish.language, wish.login_hint)
        )
        sealed = self._keyring.seal(VERIFIER, state, {"verifier": verifier}, now=int(now.timestamp()))
        with self._storage.transaction() as session:
            attempts = SignInAttempts(session)
            attempts.delete_old(now)
            Sessions(session).delete_expired(now)
            attempts.begin(state, browser, Claimed(nonce, sealed, wish.return_to, wish.restarts), now)
        return Leaving(url, browser)
