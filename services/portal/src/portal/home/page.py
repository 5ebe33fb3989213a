"""What the welcome page says: who the resident is, and their utility accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from portal.billing_link_client.client import AutoLink, LinkedAccount
from portal.clock import Clock
from portal.errors import Reason, Refused
from portal.identity_client.client import IdentityClient, Profile
from portal.sealing import Keyring, SealBrokenError
from portal.storage import Storage
from portal.web.resident_billing import ResidentBilling
from portal.web.sessions.store import LiveSession, Sessions
from portal.web.sessions.tokens import SessionTokens

log = structlog.get_logger(__name__)
PURPOSE = "profile"
# A changed name or e-mail address shows here after this at the latest.
PROFILE_KEPT = timedelta(minutes=15)


@dataclass(frozen=True)
class Welcome:
    """The welcome page."""

    profile: Profile | None
    accounts: Sequence[LinkedAccount]
    # Auto-linked accounts that can still be undone with one click.
    undoable: Sequence[LinkedAccount]
    # Several earlier registrations matched, so none was linked.
    ambiguous: bool
    # billing_link cannot be asked just now.
    billing_unavailable: bool


class WelcomePage:
    """Puts the page together; whatever cannot be had is missing from it, and the rest still shows."""

    def __init__(self, profiles: "Profiles", billing: ResidentBilling, clock: Clock) -> None:
        self._profiles, self._billing, self._clock = profiles, billing, clock

    def show(self, live: LiveSession) -> Welcome:
        """Return the page. Raises `Refused` (GRANT_ENDED) when the session has nothing left to ask with."""
        profile = self._profiles.of(live)
        try:
            linked = self._billing.linked(live.id)
        except Refused as refused:
            if refused.reason is Reason.GRANT_ENDED:
                raise
            log.warning("billing_unavailable", session=live.id, detail=refused.detail)
            return Welcome(profile, [], [], ambiguous=False, billing_unavailable=True)
        now = self._clock.now()
        undoable = [
            each
            for each in linked.accounts
            if each.link.undo_until is not None and each.link.undo_until > now
        ]
        ambiguous = linked.auto_link is AutoLink.AMBIGUOUS and not linked.accounts
        return Welcome(profile, linked.accounts, undoable, ambiguous, billing_unavailable=False)


class Profiles:
    """Name and e-mail address from userinfo, kept with the session for a while."""

    def __init__(
        self,
        storage: Storage,
        keyring: Keyring,
        tokens: SessionTokens,
        identity: IdentityClient,
        clock: Clock,
    ) -> None:
        self._storage, self._keyring, self._tokens = storage, keyring, tokens
        self._identity, self._clock = identity, clock

    def of(self, live: LiveSession) -> Profile | None:
        """Return the resident's profile, None where identity says nothing or cannot be asked."""
        kept = self._kept(live)
        fresh_until = live.profile_read_at + PROFILE_KEPT if live.profile_read_at else None
        if kept is None or fresh_until is None or fresh_until <= self._clock.now():
            kept = self._asked(live) or kept
        return kept if kept and (kept.name or kept.email) else None

    def _kept(self, live: LiveSession) -> Profile | None:
        if live.sealed_profile is None:
            return None
        try:
            values = self._keyring.open(PURPOSE, live.id, live.sealed_profile, now=0)
        except SealBrokenError:
            return None
        return Profile(str(values["name"]), str(values["email"]))

    def _asked(self, live: LiveSession) -> Profile | None:
        try:
            # The token for userinfo is the one whose audience is identity itself.
            profile = self._identity.profile(
                self._tokens.access_token(live.id, self._identity.issuer), live.subject
            )
        except Refused as refused:
            if refused.reason is Reason.GRANT_ENDED:
                raise
            log.warning("profile_unavailable", session=live.id, reason=refused.reason, detail=refused.detail)
            return None
        now = self._clock.now()
        values: dict[str, object] = {"name": profile.name, "email": profile.email}
        sealed = self._keyring.seal(PURPOSE, live.id, values, now=int(now.timestamp()))
        with self._storage.transaction() as session:
            Sessions(session).keep_profile(live.id, sealed, now)
        return profile
