"""The table of interactions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from identity.oidc.authorization.models import Interaction
from identity.oidc.protocol.lifetimes import KEPT_AFTER_END
from identity.storage import Executor, delete_some, table_of

INTERACTION = table_of(Interaction)


@dataclass(frozen=True)
class StoredInteraction:
    """A stored authorization request that waits for its resident. May hold personal data (`login_hint`)."""

    id: str
    client_id: str
    browser_digest: str
    parameters: dict[str, list[str]]
    created_at: datetime
    expires_at: datetime
    chosen_session_id: str | None = None
    consented_session_id: str | None = None
    request_digest: str | None = None


class InteractionStore:
    """The interactions."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def add_interaction(self, interaction: StoredInteraction) -> None:
        self._executor.execute(insert(INTERACTION), vars(interaction))

    def find_interaction(self, interaction_id: str) -> StoredInteraction | None:
        """Return the interaction, expired or not."""
        row = self._executor.execute(
            select(INTERACTION).where(INTERACTION.c.id == interaction_id)
        ).one_or_none()
        return StoredInteraction(**row._mapping) if row else None  # noqa: SLF001 - the documented name

    def find_waiting(
        self, request_digest: str, browser_digest: str, now: datetime
    ) -> StoredInteraction | None:
        """Return an interaction of this request that waits in this browser."""
        statement = select(INTERACTION).where(
            INTERACTION.c.request_digest == request_digest,
            INTERACTION.c.browser_digest == browser_digest,
            INTERACTION.c.expires_at > now,
        )
        row = self._executor.execute(statement.limit(1)).one_or_none()
        return StoredInteraction(**row._mapping) if row else None  # noqa: SLF001 - the documented name

    def bind(self, interaction_id: str, browser_digest: str) -> bool:
        """Bind an interaction without a browser to this one; False when another was first."""
        statement = (
            update(INTERACTION)
            .where(INTERACTION.c.id == interaction_id, INTERACTION.c.browser_digest == "")
            .values(browser_digest=browser_digest)
            .returning(INTERACTION.c.id)
        )
        return self._executor.execute(statement).one_or_none() is not None

    def note_choice(self, interaction_id: str, session_id: str) -> None:
        """Record the session whose account the resident chose."""
        self._note(interaction_id, chosen_session_id=session_id)

    def note_consent(self, interaction_id: str, session_id: str) -> None:
        """Record that the resident of this session consented."""
        self._note(interaction_id, consented_session_id=session_id)

    def finish(self, interaction_id: str) -> bool:
        """Delete the interaction before its response is sent: True for exactly one of all that try."""
        statement = delete(INTERACTION).where(INTERACTION.c.id == interaction_id).returning(INTERACTION.c.id)
        return self._executor.execute(statement).one_or_none() is not None

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` interactions that expired `KEPT_AFTER_END` ago; return how many."""
        condition = INTERACTION.c.expires_at <= now - KEPT_AFTER_END
        return delete_some(self._executor, INTERACTION, condition, limit)

    def _note(self, interaction_id: str, **values: str) -> None:
        self._executor.execute(update(INTERACTION).where(INTERACTION.c.id == interaction_id).values(**values))
