"""Accepted logout tokens, in the database."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from portal.identity_client.logout_token import LogoutToken
from portal.secret_keys import digest
from portal.sign_in.backchannel_logout.models import UsedLogoutToken
from portal.storage import Transaction, hold

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UsedLogoutTokens:
    """The accepted tokens, within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def claim_token(self, token: LogoutToken, expires_at: datetime, now: datetime) -> bool:
        """Record the token; True for exactly one of several concurrent requests."""
        for names in (("sid", token.sid), ("sub", token.subject)):
            hold(self._tx, *names)
        try:
            with self._tx.begin_nested():
                self._tx.execute(
                    insert(UsedLogoutToken).values(
                        jti_digest=digest(token.jti),
                        expires_at=expires_at,
                        identity_sid=token.sid,
                        subject=token.subject,
                        accepted_at=_microseconds(now),
                    )
                )
        except IntegrityError:
            return False
        return True

    def hold_sign_in(self, identity_sid: str, subject: str) -> None:
        """Let a logout of this session or resident wait for this transaction, or wait for it."""
        for names in (("sid", identity_sid), ("sub", subject)):
            hold(self._tx, *names)

    def is_ended_since(self, identity_sid: str, subject: str, began_at: datetime) -> bool:
        """Tell whether a token accepted after `began_at` named this session, or all of this resident's.

        Ask after `hold_sign_in` and after a write.
        """
        named = or_(
            (UsedLogoutToken.identity_sid == identity_sid) & (UsedLogoutToken.identity_sid != ""),
            (UsedLogoutToken.identity_sid == "") & (UsedLogoutToken.subject == subject),
        )
        found = select(UsedLogoutToken.jti_digest).where(
            named, UsedLogoutToken.accepted_at > _microseconds(began_at)
        )
        return self._tx.execute(found.limit(1)).first() is not None

    def delete_expired_tokens(self, now: datetime) -> None:
        """Delete the tokens that their own `exp` refuses by now."""
        self._tx.execute(delete(UsedLogoutToken).where(UsedLogoutToken.expires_at <= now))


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
