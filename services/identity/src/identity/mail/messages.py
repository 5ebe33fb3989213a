"""The mails that identity sends: each a template in `templates/mail/`, and the facts it needs."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Template(StrEnum):
    """A mail. Beside each, the facts its template needs; all text."""

    # link, code
    VERIFY_REGISTRATION = "verify_registration"
    # link, code, provider (a sign-in method)
    VERIFY_FIRST_SIGN_IN = "verify_first_sign_in"
    # sign_in_link, reset_link
    ALREADY_REGISTERED = "already_registered"
    # provider (a sign-in method: `google`, …), sign_in_link
    USE_YOUR_PROVIDER = "use_your_provider"
    # link
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a template
    # reset_link
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a template
    # service (a website's name), reset_link
    SESSIONS_ENDED_FOR_SAFETY = "sessions_ended_for_safety"
    # link
    UNLOCK_ACCOUNT = "unlock_account"
    # sign_in_link, reset_link
    ACCOUNT_NOT_LOCKED = "account_not_locked"
    # link
    ACCOUNT_LOCKED = "account_locked"
    # link (to choose a new password)
    ACCOUNT_STOPPED = "account_stopped"
    # sign_up_link
    NO_ACCOUNT = "no_account"
    # code
    VERIFY_NEW_ADDRESS = "verify_new_address"
    # new_address, provider (a sign-in method), sign_in_link
    ADDRESS_CHANGED = "address_changed"
    # provider (a sign-in method), sign_in_link
    ID_DELETED = "id_deleted"
    # account_ending, portal_link (may be empty)
    UTILITY_ACCOUNT_LINKED = "utility_account_linked"
    # account_ending, undo_until (`YYYY-MM-DD`, may be empty), portal_link (may be empty)
    UTILITY_ACCOUNT_AUTO_LINKED = "utility_account_auto_linked"
    # account_ending, portal_link (may be empty)
    UTILITY_ACCOUNT_LINKED_BY_OTHER = "utility_account_linked_by_other"
    # account_ending, portal_link (may be empty)
    UTILITY_ACCOUNT_UNLINKED = "utility_account_unlinked"


@dataclass(frozen=True)
class Mail:
    """One mail to be sent."""

    # An e-mail address, as its owner typed it.
    to: str
    # BCP 47; what is not translated is sent in English.
    language: str
    template: str
    # Whose name and colours it bears; None for no city's.
    city_id: str | None
    # What the template needs: see `Template`. Links are whole URLs.
    facts: dict[str, str]

    def as_json(self) -> str:
        """Return the mail as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the mail that `as_json` described."""
        return cls(**json.loads(text))
