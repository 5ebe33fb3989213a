"""Sessions in the database.

What begins, renews or ends one is called by `lifecycle` alone (tests/rules/test_session_lifecycle.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, column, func, insert, or_, select, table, update

from identity import randomness
from identity.compiled_statements import CompiledStatement
from identity.residents.sessions import limits, models
from identity.residents.sessions.rotation import Rotation, SecretUse, fresh_columns, new_secret, series_of
from identity.secret_keys import digest
from identity.storage import Executor, UtcDateTime, delete_some, table_of

SESSIONS = table_of(models.Session)
# Named, not imported: packages of residents do not import one another, and the foreign key ties the tables.
RESIDENTS = table("residents", column("id", String), column("disabled_at", UtcDateTime))

# Compiled once: they run at every sign-in, or at every request of a signed-in resident.
_INSERT = CompiledStatement(insert(SESSIONS))
_FIND = select(
    SESSIONS.c.id,
    SESSIONS.c.resident_id,
    SESSIONS.c.authenticated_at,
    SESSIONS.c.amr,
    SESSIONS.c.remembered,
    SESSIONS.c.created_at,
    SESSIONS.c.last_seen_at,
    SESSIONS.c.idle_seconds,
    SESSIONS.c.user_agent,
    SESSIONS.c.ip_address,
).where(SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > bindparam("now"))
_FIND_IN_USE = (
    _FIND.add_columns(
        SESSIONS.c.secret_digest, SESSIONS.c.former_digest, SESSIONS.c.rotated_at, SESSIONS.c.confirmed_at
    )
    .join_from(SESSIONS, RESIDENTS, RESIDENTS.c.id == SESSIONS.c.resident_id)
    .where(RESIDENTS.c.disabled_at.is_(None))
)
_FIND_BY_SERIES = CompiledStatement(_FIND_IN_USE.where(SESSIONS.c.series_digest == bindparam("digest")))
_FIND_BY_SECRET = CompiledStatement(_FIND_IN_USE.where(SESSIONS.c.secret_digest == bindparam("digest")))
_TOUCH = (
    update(SESSIONS)
    .where(SESSIONS.c.id == bindparam("sid"), SESSIONS.c.ended_at.is_(None))
    .where(SESSIONS.c.last_seen_at <= bindparam("unseen_since"))
    .values(last_seen_at=bindparam("now"))
)


@dataclass(frozen=True)
class NewSession:
    """A session that has just begun. Holds a secret."""

    # Public: the `sid` of tokens.
    sid: str
    # For the cookie, and nowhere else.
    secret: str


@dataclass(frozen=True)
class EndedSession:
    """A session that has just ended."""

    sid: str
    resident_id: str


@dataclass(frozen=True)
class LiveSession:
    """A session within its limits, of a resident who is not disabled. Holds personal data: the IP address."""

    sid: str
    resident_id: str
    # When the resident last proved who they are in this session: `auth_time`.
    authenticated_at: datetime
    # RFC 8176 values.
    amr: list[str]
    remembered: bool
    created_at: datetime
    last_seen_at: datetime
    # As the browser named itself when the session began: at most 255 characters, not to be trusted.
    user_agent: str
    ip_address: str
    # Of the text by which the session was found.
    secret_use: SecretUse = SecretUse.CURRENT

    def is_due_to_be_touched(self, now: datetime) -> bool:
        """Return whether `Sessions.touch_session` would write."""
        return self.last_seen_at <= now - limits.SEEN_EVERY


@dataclass(frozen=True)
class SignInRecord:
    """The sign-in with which a session began."""

    resident_id: str
    at: datetime
    # As the browser named itself.
    user_agent: str


@dataclass(frozen=True)
class ReplayedSession:
    """A live session of which a former text was sent: two browsers have its cookie."""

    sid: str
    resident_id: str
    # As the browser named itself when the session began.
    user_agent: str


class Sessions:
    """The sessions, within one transaction or on an autocommit connection."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def insert_session(
        self,
        *,
        resident_id: str,
        amr: Sequence[str],
        remembered: bool,
        now: datetime,
        user_agent: str,
        ip_address: str,
        new_device: bool = False,
    ) -> NewSession:
        """Add a session of a resident who has just proved who they are, with a new secret (ASVS 7.2.4)."""
        new = NewSession(sid=randomness.identifier(), secret=new_secret())
        limit = limits.of(remembered=remembered)
        columns = {
            "id": new.sid,
            **fresh_columns(new.secret, now),
            "resident_id": resident_id,
            "authenticated_at": now,
            "amr": " ".join(amr),
            "remembered": remembered,
            "created_at": now,
            "last_seen_at": now,
            "idle_seconds": int(limit.idle.total_seconds()),
            "expires_at": now + limit.absolute,
            "ended_at": None,
            "new_device": new_device,
            "user_agent": user_agent[:255],
            "ip_address": ip_address[:45],
        }
        _INSERT.row(self._executor, columns)
        return new

    def find_session(self, secret: str, now: datetime) -> LiveSession | ReplayedSession | None:
        """Return the live session with this secret: not ended, idle or over, its resident not disabled.

        One SELECT, and no write: see `touch_session`.
        """
        series = series_of(secret)
        found_by = _FIND_BY_SERIES if series else _FIND_BY_SECRET
        row = found_by.row(self._executor, {"digest": digest(series or secret), "now": now})
        if row is None:
            return None
        rotation = Rotation(row.secret_digest, row.former_digest, row.rotated_at, row.confirmed_at)
        use = rotation.use_of(secret, now)
        live = _live(row, now, use)
        if live and use is SecretUse.REPLAYED:
            return ReplayedSession(live.sid, live.resident_id, live.user_agent)
        return None if use is SecretUse.EXPIRED else live

    def rotate_secret(self, sid: str, secret: str, successor: str, now: datetime) -> bool:
        """Replace the secret that was just used; False if another request did so first."""
        rotated = self._executor.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == sid, SESSIONS.c.secret_digest == digest(secret))
            .where(SESSIONS.c.ended_at.is_(None))
            .values(
                secret_digest=digest(successor),
                former_digest=digest(secret),
                rotated_at=now,
                confirmed_at=None,
                last_seen_at=now,
            )
            .returning(SESSIONS.c.id)
        )
        return rotated.one_or_none() is not None

    def confirm_secret(self, sid: str, secret: str, now: datetime) -> None:
        """Note that the browser has this secret: the life of the one before it ends soon."""
        self._executor.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == sid, SESSIONS.c.secret_digest == digest(secret))
            .where(SESSIONS.c.confirmed_at.is_(None), SESSIONS.c.ended_at.is_(None))
            .values(confirmed_at=now, last_seen_at=now)
        )

    def touch_session(self, sid: str, now: datetime) -> None:
        """Note that the session was used; writes at most once a minute."""
        self._executor.execute(_TOUCH, {"sid": sid, "now": now, "unseen_since": now - limits.SEEN_EVERY})

    def replace_secret(self, sid: str, now: datetime) -> str | None:
        """Note that the resident proved who they are again; return the new secret in place of the old one.

        None when the session has ended or run out meanwhile. Its absolute limit stays.
        """
        secret = new_secret()
        changed = self._executor.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == sid, SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now)
            .values(**fresh_columns(secret, now), authenticated_at=now, last_seen_at=now)
            .returning(SESSIONS.c.id)
        ).one_or_none()
        return secret if changed else None

    def mark_ended(
        self, sids: Collection[str], now: datetime, *, of_resident: str | None = None
    ) -> list[EndedSession]:
        """End these, with `of_resident` only that resident's; return the sessions that had not ended yet."""
        chosen: list[ColumnElement[bool]] = [SESSIONS.c.id.in_(sids)]
        if of_resident is not None:
            chosen.append(SESSIONS.c.resident_id == of_resident)
        return self._mark_ended(chosen, now)

    def mark_all_ended(
        self, resident_id: str, now: datetime, *, except_sid: str | None = None
    ) -> list[EndedSession]:
        """End the resident's sessions but `except_sid`; return those that had not ended yet."""
        chosen: list[ColumnElement[bool]] = [SESSIONS.c.resident_id == resident_id]
        if except_sid is not None:
            chosen.append(SESSIONS.c.id != except_sid)
        return self._mark_ended(chosen, now)

    def is_live(self, sid: str, now: datetime) -> bool:
        """Tell whether the session has not ended, for what was asked for in it a moment ago.

        Ask while the resident is held, as those hold them who end all their sessions.
        """
        statement = select(SESSIONS.c.id).where(SESSIONS.c.id == sid, SESSIONS.c.ended_at.is_(None))
        return self._executor.execute(statement.where(SESSIONS.c.expires_at > now)).first() is not None

    def list_live_sessions(self, resident_id: str, now: datetime) -> list[LiveSession]:
        """Return the resident's live sessions, the most recently used first."""
        rows = self._executor.execute(
            _FIND.where(SESSIONS.c.resident_id == resident_id).order_by(SESSIONS.c.last_seen_at.desc()),
            {"now": now},
        )
        return [live for row in rows if (live := _live(row, now))]

    def find_sign_in(self, sid: str) -> SignInRecord | None:
        """Return the sign-in with which a session began, whether it lives or not."""
        columns = select(SESSIONS.c.resident_id, SESSIONS.c.created_at, SESSIONS.c.user_agent)
        row = self._executor.execute(columns.where(SESSIONS.c.id == sid)).one_or_none()
        return SignInRecord(*row) if row else None

    def count_new_devices(self, resident_id: str, since: datetime) -> int:
        """Return how many sessions of the resident began since then in browsers never seen before."""
        new = (
            (SESSIONS.c.resident_id == resident_id) & SESSIONS.c.new_device & (SESSIONS.c.created_at > since)
        )
        return self._executor.scalar(select(func.count()).where(new)) or 0

    def delete_old(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` sessions that ended or ran out 30 days ago; return how many."""
        before = now - limits.KEPT_AFTER_END
        condition = or_(SESSIONS.c.ended_at <= before, SESSIONS.c.expires_at <= before)
        return delete_some(self._executor, SESSIONS, condition, limit)

    def _mark_ended(self, chosen: Sequence[ColumnElement[bool]], now: datetime) -> list[EndedSession]:
        statement = (
            update(SESSIONS)
            .where(*chosen, SESSIONS.c.ended_at.is_(None))
            .values(ended_at=now)
            .returning(SESSIONS.c.id, SESSIONS.c.resident_id)
        )
        return [EndedSession(*row) for row in self._executor.execute(statement)]


def _live(
    row: Any,  # noqa: ANN401 - a row of `_FIND`
    now: datetime,
    secret_use: SecretUse = SecretUse.CURRENT,
) -> LiveSession | None:
    if now >= row.last_seen_at + timedelta(seconds=row.idle_seconds):
        return None
    return LiveSession(
        sid=row.id,
        resident_id=row.resident_id,
        authenticated_at=row.authenticated_at,
        amr=row.amr.split(),
        remembered=row.remembered,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        user_agent=row.user_agent,
        ip_address=row.ip_address,
        secret_use=secret_use,
    )
