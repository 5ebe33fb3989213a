"""Mailed links in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.residents.action_links import models
from identity.residents.action_links.purposes import KEPT_AFTER_EXPIRY, Purpose
from identity.secret_keys import digest
from identity.storage import Executor, delete_some, insert_into, table_of

LINKS = table_of(models.ActionLink)
# One more round for each link that was issued for the same subject in between.
_ROUNDS = 20


class LinkStatus(StrEnum):
    """Whether a link works, or why not."""

    VALID = "valid"
    SPENT = "spent"
    EXPIRED = "expired"
    # A newer one was mailed.
    REPLACED = "replaced"
    # Never issued, issued for another purpose, or deleted.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class LinkState:
    """A link as it stands. Subject and continuation are missing only when it is unknown."""

    status: LinkStatus
    subject: str = ""
    # The way back to the city's website, also of a link that no longer works.
    continuation: SignedContinuation | None = None


class ActionLinks:
    """The links, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def issue_link(
        self,
        purpose: Purpose,
        subject: str,
        continuation: SignedContinuation,
        lifetime: timedelta,
        now: datetime,
    ) -> str:
        """Issue a link, which replaces the open one of its purpose and subject; return its token, a secret.

        Of two issued at once one replaces the other: there is never more than one open link.
        """
        token = randomness.secret()
        insertion = (
            insert_into(self._executor, LINKS)
            .values(
                token_digest=digest(token),
                purpose=purpose.value,
                subject=subject,
                continuation=continuation,
                created_at=now,
                expires_at=now + lifetime,
                spent_at=None,
                replaced_at=None,
            )
            .on_conflict_do_nothing(
                index_elements=[LINKS.c.purpose, LINKS.c.subject], index_where=models.OPEN
            )
            .returning(LINKS.c.token_digest)
        )
        for _ in range(_ROUNDS):
            self._executor.execute(
                update(LINKS)
                .where(LINKS.c.purpose == purpose.value, LINKS.c.subject == subject)
                .where(LINKS.c.spent_at.is_(None), LINKS.c.replaced_at.is_(None))
                .values(replaced_at=now)
            )
            if self._executor.scalar(insertion) is not None:
                return token
        raise RuntimeError("links for one subject are being issued without end")

    def restart_link(self, token: str, purpose: Purpose, now: datetime) -> str | None:
        """Let the life of a link that is about to be mailed begin now, and return its subject.

        None if it was spent or replaced, or was issued two lives ago.
        """
        restarted = self._executor.execute(
            update(LINKS)
            .where(LINKS.c.token_digest == digest(token), LINKS.c.purpose == purpose.value)
            .where(LINKS.c.spent_at.is_(None), LINKS.c.replaced_at.is_(None))
            .where(LINKS.c.created_at > now - purpose.restarted_for)
            .values(expires_at=now + purpose.lifetime)
            .returning(LINKS.c.subject)
        ).one_or_none()
        return restarted.subject if restarted else None

    def find_link(self, token: str, purpose: Purpose, now: datetime) -> LinkState:
        """Return the state of a link. Writes nothing: mail scanners open links too."""
        row = self._executor.execute(
            select(LINKS).where(LINKS.c.token_digest == digest(token), LINKS.c.purpose == purpose.value)
        ).one_or_none()
        if row is None:
            return LinkState(LinkStatus.UNKNOWN)
        status = LinkStatus.VALID
        if row.spent_at is not None:
            status = LinkStatus.SPENT
        elif row.replaced_at is not None:
            status = LinkStatus.REPLACED
        elif row.expires_at <= now:
            status = LinkStatus.EXPIRED
        return LinkState(status, row.subject, SignedContinuation(row.continuation))

    def claim_link(self, token: str, purpose: Purpose, now: datetime) -> LinkState:
        """Spend a link. Of any number of claims at once one returns VALID: only then act on the link."""
        claimed = self._executor.execute(
            update(LINKS)
            .where(LINKS.c.token_digest == digest(token), LINKS.c.purpose == purpose.value)
            .where(LINKS.c.spent_at.is_(None), LINKS.c.replaced_at.is_(None), LINKS.c.expires_at > now)
            .values(spent_at=now)
            .returning(LINKS.c.subject, LINKS.c.continuation)
        ).one_or_none()
        if claimed is None:
            return self.find_link(token, purpose, now)
        return LinkState(LinkStatus.VALID, claimed.subject, SignedContinuation(claimed.continuation))

    def spend_open_link(self, purpose: Purpose, subject: str, now: datetime) -> None:
        """Spend the open link, if any: its purpose was met in another way, such as by the typed code."""
        self._executor.execute(
            update(LINKS)
            .where(LINKS.c.purpose == purpose.value, LINKS.c.subject == subject)
            .where(LINKS.c.spent_at.is_(None), LINKS.c.replaced_at.is_(None))
            .values(spent_at=now)
        )

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` links that expired a week ago; return how many."""
        condition = LINKS.c.expires_at <= now - KEPT_AFTER_EXPIRY
        return delete_some(self._executor, LINKS, condition, limit)
