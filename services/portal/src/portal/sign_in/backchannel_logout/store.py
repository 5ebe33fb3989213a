"""Accepted logout tokens, in the database."""

from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from portal.secret_keys import digest
from portal.sign_in.backchannel_logout.models import UsedLogoutToken
from portal.storage import Transaction


class UsedLogoutTokens:
    """The accepted tokens, within one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def claim_token(self, jti: str, expires_at: datetime) -> bool:
        """Record the token; True for exactly one of several concurrent requests."""
        try:
            with self._tx.begin_nested():
                values = {"jti_digest": digest(jti), "expires_at": expires_at}
                self._tx.execute(insert(UsedLogoutToken).values(values))
        except IntegrityError:
            return False
        return True

    def delete_expired_tokens(self, now: datetime) -> None:
        """Delete the tokens that their own `exp` refuses by now."""
        self._tx.execute(delete(UsedLogoutToken).where(UsedLogoutToken.expires_at <= now))
