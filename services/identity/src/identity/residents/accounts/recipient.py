"""A resident as the recipient of a mail."""

from identity.mail.messages import Recipient
from identity.residents.accounts.models import Resident


def recipient_of(resident: Resident, city_id: str | None) -> Recipient:
    """Return the resident's address and language, in the name of this city or else of their own."""
    return Recipient(resident.email or "", resident.language, city_id or resident.city_id)
