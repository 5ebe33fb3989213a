"""The account that a search found, sealed in the address of its page (docs/decisions/0020).

So the page can be reloaded, or shown in the other language, without another search.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

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
        """Return the account as encrypted, URL-safe text: about 2,000 characters with 12 bills."""
        values = {
            "account_number": found.numbers.account_number,
            "customer_id": found.numbers.customer_id,
            "account": ACCOUNT.dump_python(found.account, mode="json"),
        }
        return self._form_state.seal(session_id, values)

    def open(self, session_id: str, sealed: str) -> FoundAccount | SearchNumbers:
        """Return the account; after ten minutes only the numbers; empty ones after an hour."""
        values = self._form_state.open(session_id, sealed)
        numbers = SearchNumbers(str(values.get("account_number", "")), str(values.get("customer_id", "")))
        fresh = self._form_state.open(session_id, sealed, SHOWN_FOR_SECONDS)
        try:
            return FoundAccount(numbers, ACCOUNT.validate_python(fresh.get("account")))
        except ValidationError:  # too old, another session's, or sealed by an older release
            return numbers
