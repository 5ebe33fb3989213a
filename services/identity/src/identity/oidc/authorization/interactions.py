"""Authorization requests that wait for their resident, each bound to the browser that brought it.

Several may wait in one browser (two tabs). When one cannot go on, the resident is sent back to the start page
of the client.
"""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum

from identity import randomness
from identity.clock import Clock
from identity.oidc.authorization.pushed_requests import RequestAnsweredError
from identity.oidc.authorization.request_objects import ResolvedRequest
from identity.oidc.authorization.store import InteractionStore, StoredInteraction
from identity.oidc.protocol.lifetimes import INTERACTION
from identity.oidc.protocol.replay_store import SingleUse, spend, spending
from identity.relying_parties.clients import RegisteredClient
from identity.secret_keys import digest
from identity.storage import Executor, Storage

# Longer than a request object is accepted and an interaction that began with it waits.
_REMEMBERED = 3 * INTERACTION


class Lapse(StrEnum):
    """Why an interaction cannot go on; sent to the client's start page as `reason`."""

    EXPIRED = "sign_in_expired"
    OTHER_BROWSER = "sign_in_began_in_another_browser"
    ANSWERED = "sign_in_already_answered"


@dataclass(frozen=True)
class Resumed:
    """An interaction that goes on."""

    interaction: StoredInteraction
    # True for the first browser of a request without one: the resident was asked nothing yet.
    is_first_look: bool


class Interactions:
    """Begins and resumes interactions."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def begin(
        self, request: ResolvedRequest, client: RegisteredClient, browser_secret: str | None
    ) -> StoredInteraction:
        """Store a request; without a browser's secret it belongs to the first browser that resumes it."""
        now = self._clock.now()
        interaction = StoredInteraction(
            id=randomness.identifier(),
            client_id=client.id,
            browser_digest=digest(browser_secret) if browser_secret else "",
            parameters=request.parameters.stored(),
            created_at=now,
            expires_at=now + INTERACTION,
            request_digest=request.single_use[0].digest if request.single_use else None,
        )
        with self._storage.autocommit() as connection:
            InteractionStore(connection).add_interaction(interaction)
        return interaction

    def find_waiting(self, request_digest: str, browser_secret: str) -> StoredInteraction | None:
        """Return the interaction with which this browser goes on when it opens a request again."""
        with self._storage.autocommit() as connection:
            return InteractionStore(connection).find_waiting(
                request_digest, digest(browser_secret), self._clock.now()
            )

    def resume(self, interaction_id: str, browser_secret: str) -> Resumed | Lapse:
        """Return the interaction if it is this browser's and has not expired."""
        if len(interaction_id) > 32 or not interaction_id.isprintable():  # noqa: PLR2004 - the column's width
            return Lapse.ANSWERED
        with self._storage.autocommit() as connection:
            interactions = InteractionStore(connection)
            interaction = interactions.find_interaction(interaction_id)
            if interaction is None:
                return Lapse.ANSWERED
            if interaction.expires_at <= self._clock.now():
                return Lapse.EXPIRED
            if not interaction.browser_digest:
                is_bound = interactions.bind(interaction_id, digest(browser_secret))
                return Resumed(interaction, is_first_look=True) if is_bound else Lapse.OTHER_BROWSER
        if not hmac.compare_digest(interaction.browser_digest, digest(browser_secret)):
            return Lapse.OTHER_BROWSER
        return Resumed(interaction, is_first_look=False)

    def note_choice(self, interaction: StoredInteraction, session_id: str) -> None:
        """Record the session whose account the resident chose."""
        with self._storage.autocommit() as connection:
            InteractionStore(connection).note_choice(interaction.id, session_id)

    def note_consent(self, interaction: StoredInteraction, session_id: str) -> None:
        """Record that the resident of this session consented."""
        with self._storage.autocommit() as connection:
            InteractionStore(connection).note_consent(interaction.id, session_id)

    def answering(
        self, interaction: StoredInteraction | None, uses: Sequence[SingleUse] = ()
    ) -> AbstractContextManager[Executor]:
        """End the interaction before its response, spend what works once, and lend an executor for the rest.

        Raises `RequestAnsweredError` for all but the first of the responses, and as `spending`; then nothing
        has changed.
        """
        return spending(self._storage, uses) if interaction is None else self._ending(interaction)

    @contextmanager
    def _ending(self, interaction: StoredInteraction) -> Iterator[Executor]:
        with self._storage.transaction() as tx:
            if not InteractionStore(tx).finish(interaction.id):
                raise RequestAnsweredError
            if interaction.request_digest is not None:
                remembered_until = self._clock.now() + _REMEMBERED
                spend(tx, [SingleUse(interaction.request_digest, remembered_until, RequestAnsweredError())])
            yield tx
