"""The account that a search found, sealed in the address of its page (docs/decisions/0020).

So the page can be reloaded, or shown in the other language, without another search.
"""

import base64
import zlib
from dataclasses import dataclass

from pydantic import TypeAdapter

from portal.billing_link_client.accounts import UtilityAccount
from portal.web.form_state import FormState

# How long the page shows the account; afterwards its balance is too old, and the resident searches again.
SHOWN_FOR_SECONDS = 600
ACCOUNT = TypeAdapter(UtilityAccount)


@dataclass(frozen=True)
class SearchNumbers:
    """Both numbers as typed; empty where none were. Personal data."""

    account_number: str = ""
    customer_id: str = ""


@dataclass(frozen=True)
class FoundAccount:
    """The account that a search with these numbers found at most ten minutes ago. Personal data."""

    numbers: SearchNumbers
    account: UtilityAccount


class FoundState:
    """Seals a found account for the session that searched."""

    def __init__(self, form_state: FormState) -> None:
        self._form_state = form_state

    def seal(self, session_id: str, found: FoundAccount) -> str:
        """Return the account as encrypted, URL-safe text: about 1,000 characters with 12 bills."""
        # Compressed for a short address; apart from the numbers, so that no length depends on both.
        account = zlib.compress(ACCOUNT.dump_json(found.account))
        return self._form_state.seal(
            session_id, vars(found.numbers) | {"account": base64.b64encode(account).decode()}
        )

    def open(self, session_id: str, sealed: str) -> FoundAccount | SearchNumbers:
        """Return the account; after ten minutes the numbers alone; after an hour empty ones."""
        values = self._form_state.open(session_id, sealed)
        numbers = SearchNumbers(str(values.get("account_number", "")), str(values.get("customer_id", "")))
        fresh = self._form_state.open(session_id, sealed, SHOWN_FOR_SECONDS)
        try:
            account = zlib.decompress(base64.b64decode(str(fresh.get("account", ""))))
            return FoundAccount(numbers, ACCOUNT.validate_json(account))
        except (zlib.error, ValueError):  # none, or sealed by another release of the portal
            return numbers
