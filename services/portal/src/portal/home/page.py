"""The content of the home page: announcements, profile, linked accounts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from portal.billing_link_client.accounts import AutoLink, LinkedAccounts, LinkedSummary
from portal.billing_link_client.refusals import Refusal
from portal.clock import Clock
from portal.home.profile import ResidentProfile
from portal.identity_client.client import Profile
from portal.web.resident_billing import ResidentBilling
from portal.web.sessions.store import LiveSession

# As many as a process answers requests with (`portal.cli.serve`): none waits for another's profile.
THREADS = 24


@dataclass(frozen=True)
class HomeContent:
    """What the page shows. Personal data."""

    # None: identity has no name and no e-mail address, or cannot be asked.
    profile: Profile | None
    accounts: Sequence[LinkedSummary]
    # Auto-linked accounts that one click can still undo.
    undoable: Sequence[LinkedSummary]
    # Several earlier registrations have the e-mail address, so none was linked.
    ambiguous: bool
    billing_unavailable: bool


class HomePage:
    """Reads the content from identity and billing_link; what one of them cannot give is left out."""

    def __init__(self, profile: ResidentProfile, billing: ResidentBilling, clock: Clock) -> None:
        self._profile, self._billing, self._clock = profile, billing, clock
        self._threads = ThreadPoolExecutor(THREADS, "profile")

    def load(self, live: LiveSession) -> HomeContent:
        """Return the content. Raises `GrantEndedError`.

        If both are asked, then at the same time: the resident waits for the slower one alone.
        """
        if self._profile.is_stale(live):
            profile, linked = self._ask_both(live)
        else:
            profile, linked = self._profile.load(live), self._billing.list_linked_accounts(live)
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

    def _ask_both(self, live: LiveSession) -> tuple[Profile | None, LinkedAccounts | Refusal]:
        reading = self._threads.submit(self._profile.load, live)
        try:
            linked = self._billing.list_linked_accounts(live)
        finally:
            wait([reading])
        return reading.result(), linked
