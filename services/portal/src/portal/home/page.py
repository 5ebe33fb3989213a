"""The content of the home page: announcements, profile, linked accounts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from portal.billing_link_client.accounts import AutoLink, LinkedAccount
from portal.billing_link_client.refusals import Refusal
from portal.clock import Clock
from portal.home.profile import ResidentProfile
from portal.identity_client.client import Profile
from portal.web.resident_billing import ResidentBilling
from portal.web.sessions.store import LiveSession


@dataclass(frozen=True)
class HomeContent:
    """What the page shows. Personal data."""

    # None: identity has no name and no e-mail address, or cannot be asked.
    profile: Profile | None
    accounts: Sequence[LinkedAccount]
    # Auto-linked accounts that one click can still undo.
    undoable: Sequence[LinkedAccount]
    # Several earlier registrations have the e-mail address, so none was linked.
    ambiguous: bool
    billing_unavailable: bool


class HomePage:
    """Reads the content from identity and billing_link; what one of them cannot give is left out."""

    def __init__(self, profile: ResidentProfile, billing: ResidentBilling, clock: Clock) -> None:
        self._profile, self._billing, self._clock = profile, billing, clock

    def load(self, live: LiveSession) -> HomeContent:
        """Return the content. Raises `GrantEndedError`.

        Both are asked at the same time: the resident waits for the slower one, not for one after the other.
        """
        with ThreadPoolExecutor(1) as beside:
            read_profile = beside.submit(self._profile.load, live)
            linked = self._billing.list_linked_accounts(live)
        profile = read_profile.result()
        if isinstance(linked, Refusal):
            return HomeContent(profile, [], [], ambiguous=False, billing_unavailable=True)
        now = self._clock.now()
        undoable = [
            each
            for each in linked.accounts
            if each.link.undo_until is not None and each.link.undo_until > now
        ]
        ambiguous = linked.auto_link is AutoLink.AMBIGUOUS and not linked.accounts
        return HomeContent(profile, linked.accounts, undoable, ambiguous, billing_unavailable=False)
