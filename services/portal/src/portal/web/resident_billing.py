"""Calls to billing_link with the access token of the resident's session."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from portal.billing_link_client.accounts import Found, LinkedAccount, LinkedAccounts, Unlinked
from portal.billing_link_client.client import BillingLinkClient
from portal.billing_link_client.refusals import Refusal, RefusalReason
from portal.errors import IdentityUnavailableError
from portal.web.sessions.store import LiveSession
from portal.web.sessions.tokens import SessionTokens

Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


class ResidentBilling:
    """billing_link's calls for one session. Each may raise `GrantEndedError`, which `web.failures` answers.

    While identity cannot be asked for a token the answer is a `Refusal` (UNAVAILABLE) too.
    """

    def __init__(self, client: BillingLinkClient, tokens: SessionTokens, resource: str) -> None:
        self._client, self._tokens, self._resource = client, tokens, resource

    def list_linked_accounts(self, live: LiveSession) -> LinkedAccounts | Refusal:
        """List the resident's accounts."""
        return self._call(live, self._client.list_linked_accounts)

    def resolve_account(
        self, live: LiveSession, account_number: str, customer_id: str, *, remember: bool
    ) -> Found | Refusal:
        """Find the account with both numbers, as typed; link it to the resident if `remember`."""
        return self._call(
            live,
            lambda token: self._client.resolve_account(token, account_number, customer_id, remember=remember),
        )

    def get_account(self, live: LiveSession, link_id: str) -> LinkedAccount | Refusal:
        """Read one linked account."""
        return self._call(live, lambda token: self._client.get_account(token, link_id))

    def unlink_account(self, live: LiveSession, link_id: str) -> Unlinked | Refusal:
        """Remove one link; a link that is not there is removed already."""
        outcome = self._call(live, lambda token: self._client.unlink_account(token, link_id))
        if isinstance(outcome, Refusal) and outcome.reason is RefusalReason.LINK_NOT_FOUND:
            return Unlinked()
        return outcome

    def _call(self, live: LiveSession, call: Callable[[str], Answer | Refusal]) -> Answer | Refusal:
        """Call with the session's access token; if that is refused, once more with a fresh one."""
        try:
            token = self._tokens.access_token(live, self._resource)
            outcome = call(token)
            if isinstance(outcome, Refusal) and outcome.reason is RefusalReason.TOKEN_REFUSED:
                outcome = call(self._tokens.access_token(live, self._resource, not_this=token))
        except IdentityUnavailableError as error:
            outcome = Refusal(reason=RefusalReason.UNAVAILABLE, detail=error.detail)
        if isinstance(outcome, Refusal) and outcome.reason is RefusalReason.TOKEN_REFUSED:
            outcome = Refusal(reason=RefusalReason.UNAVAILABLE, detail=f"a fresh token: {outcome.detail}")
        if isinstance(outcome, Refusal) and outcome.reason is RefusalReason.UNAVAILABLE:
            log.warning("billing_unavailable", session=live.id, detail=outcome.detail)
        return outcome
