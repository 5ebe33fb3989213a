"""billing_link, asked in the name of the resident who is signed in."""

from collections.abc import Callable
from typing import TypeVar

from portal.billing_link_client.client import BillingLinkClient, Found, LinkedAccount, LinkedAccounts
from portal.errors import Reason, Refused
from portal.web.sessions.tokens import SessionTokens

T = TypeVar("T")


class ResidentBilling:
    """Calls billing_link with the session's access token; a refused token is replaced once.

    Raises `Refused`: GRANT_ENDED when the session has nothing left to ask with, BILLING_UNAVAILABLE when
    either service cannot be asked just now, and what billing_link itself refuses.
    """

    def __init__(self, client: BillingLinkClient, tokens: SessionTokens, resource: str) -> None:
        self._client, self._tokens, self._resource = client, tokens, resource

    def linked(self, session_id: str) -> LinkedAccounts:
        """List the resident's accounts."""
        return self._ask(session_id, self._client.linked)

    def resolve(self, session_id: str, account_number: str, customer_id: str, *, remember: bool) -> Found:
        """Find the account with these numbers, and remember it if asked to."""
        return self._ask(
            session_id,
            lambda token: self._client.resolve(token, account_number, customer_id, remember=remember),
        )

    def account(self, session_id: str, link_id: str) -> LinkedAccount:
        """Read one linked account."""
        return self._ask(session_id, lambda token: self._client.account(token, link_id))

    def unlink(self, session_id: str, link_id: str) -> None:
        """Forget one link."""
        self._ask(session_id, lambda token: self._client.unlink(token, link_id))

    def _ask(self, session_id: str, call: Callable[[str], T]) -> T:
        token = self._token(session_id)
        try:
            return call(token)
        except Refused as refused:
            if refused.reason is not Reason.ACCESS_TOKEN_REFUSED:
                raise
        try:
            return call(self._token(session_id, not_this=token))
        except Refused as refused:
            if refused.reason is Reason.ACCESS_TOKEN_REFUSED:
                raise Refused(Reason.BILLING_UNAVAILABLE, "a fresh access token was refused") from None
            raise

    def _token(self, session_id: str, not_this: str = "") -> str:
        try:
            return self._tokens.access_token(session_id, self._resource, not_this=not_this)
        except Refused as refused:
            if refused.reason is Reason.IDENTITY_UNAVAILABLE:
                raise Refused(Reason.BILLING_UNAVAILABLE, refused.detail) from None
            raise
