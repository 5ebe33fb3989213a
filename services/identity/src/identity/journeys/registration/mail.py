"""The mail that asks for proof of a registration's address."""

from identity.continuation import Continuation
from identity.journeys.registration.store import Pending
from identity.mail.messages import Recipient, verify_registration
from identity.residents.action_links.purposes import Purpose
from identity.web.address_verification import UnverifiedAddress


def unverified_address(pending: Pending, continuation: Continuation) -> UnverifiedAddress:
    """Return what a mail needs to ask for proof."""
    return UnverifiedAddress(
        key=pending.email_key,
        recipient=Recipient(pending.email, pending.language, pending.city_id),
        message=verify_registration,
        purpose=Purpose.VERIFY_REGISTRATION,
        subject=pending.id,
        continuation=continuation,
    )
