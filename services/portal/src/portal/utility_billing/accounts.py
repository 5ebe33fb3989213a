"""The resident's remembered accounts: listing, showing one, forgetting one."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.billing_link_client.client import LinkedAccount
from portal.errors import Reason, Refused
from portal.web.resident_billing import ResidentBilling


@dataclass(frozen=True)
class Remembered:
    """The list, or that it cannot be had just now."""

    accounts: Sequence[LinkedAccount]
    unavailable: bool = False


@dataclass(frozen=True)
class One:
    """One account, or why it cannot be shown."""

    linked: LinkedAccount | None
    refusal: Reason | None = None


class Accounts:
    """Each method asks billing_link once. All raise `Refused` (GRANT_ENDED) and nothing else."""

    def __init__(self, billing: ResidentBilling) -> None:
        self._billing = billing

    def all(self, session_id: str) -> Remembered:
        """Return the remembered accounts."""
        try:
            return Remembered(self._billing.linked(session_id).accounts)
        except Refused as refused:
            _raise_ended(refused)
            return Remembered([], unavailable=True)

    def one(self, session_id: str, link_id: str) -> One:
        """Return one remembered account."""
        try:
            return One(self._billing.account(session_id, link_id))
        except Refused as refused:
            _raise_ended(refused)
            return One(None, refused.reason)

    def forget(self, session_id: str, link_id: str) -> Reason | None:
        """Forget one account; return why not, None when it is forgotten (or was before)."""
        try:
            self._billing.unlink(session_id, link_id)
        except Refused as refused:
            _raise_ended(refused)
            return None if refused.reason is Reason.LINK_NOT_FOUND else refused.reason
        return None


def _raise_ended(refused: Refused) -> None:
    if refused.reason is Reason.GRANT_ENDED:
        raise refused
