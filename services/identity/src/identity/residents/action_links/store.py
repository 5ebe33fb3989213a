"""Mailed links in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from identity import randomness
from identity.continuation import SignedContinuation
from identity.residents.action_links import models
from identity.residents.action_links.purposes import KEPT_AFTER_EXPIRY, RESTARTED_FOR_LIVES, Purpose
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
        """Issue a link, the newest of its purpose and subject; return its token, a secret.

        The links before stay good as long as they live. A mail that still waits with one of them is not sent
        any more (`restart_link`).
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

    def restart_link(self, token: str, purpose: Purpose, lifetime: timedelta, now: datetime) -> str | None:
        """Let the life of a link that is about to be mailed begin now, and return its subject.

        None if it was spent, is not the newest, or was issued two lives ago.
        """
        restarted = self._executor.execute(
            update(LINKS)
            .where(LINKS.c.token_digest == digest(token), LINKS.c.purpose == purpose.value)
            .where(LINKS.c.spent_at.is_(None), LINKS.c.replaced_at.is_(None))
            .where(LINKS.c.created_at > now - RESTARTED_FOR_LIVES * lifetime)
            .values(expires_at=now + lifetime)
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
        elif row.expires_at <= now:
            status = LinkStatus.EXPIRED
        return LinkState(status, row.subject, SignedContinuation(row.continuation))

    def claim_link(self, token: str, purpose: Purpose, now: datetime) -> LinkState:
        """Spend a link, and with it the others of its purpose and subject, in one statement.

        Of any number of claims at once, of one link or of several for one subject, one returns VALID: only
        then act on the link.
        """
        subject = select(LINKS.c.subject).where(
            LINKS.c.token_digest == digest(token),
            LINKS.c.purpose == purpose.value,
            LINKS.c.spent_at.is_(None),
            LINKS.c.expires_at > now,
        )
        spent = self._executor.execute(
            update(LINKS)
            .where(LINKS.c.purpose == purpose.value, LINKS.c.subject == subject.scalar_subquery())
            .where(LINKS.c.spent_at.is_(None))
            .values(spent_at=now)
            .returning(LINKS.c.token_digest, LINKS.c.subject, LINKS.c.continuation)
        )
        for link in spent:
            if link.token_digest == digest(token):
                return LinkState(LinkStatus.VALID, link.subject, SignedContinuation(link.continuation))
        return self.find_link(token, purpose, now)

    def spend_links(self, purpose: Purpose, subject: str, now: datetime) -> None:
        """Spend all links: their purpose was met in another way, such as by the typed code."""
        self._executor.execute(
            update(LINKS)
            .where(LINKS.c.purpose == purpose.value, LINKS.c.subject == subject)
            .where(LINKS.c.spent_at.is_(None))
            .values(spent_at=now)
        )

    def void_links(self, purpose: Purpose, subject: str, now: datetime) -> None:
        """End all links that still work, mailed or not: what they would prove is no longer asked for."""
        self._executor.execute(
            update(LINKS)
            .where(LINKS.c.purpose == purpose.value, LINKS.c.subject == subject)
            .where(LINKS.c.spent_at.is_(None), LINKS.c.expires_at > now)
            # One that waits to be mailed is restarted only if there is no newer one.
            .values(expires_at=now, replaced_at=now)
        )

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` links that expired a week ago; return how many."""
        condition = LINKS.c.expires_at <= now - KEPT_AFTER_EXPIRY
        return delete_some(self._executor, LINKS, condition, limit)
