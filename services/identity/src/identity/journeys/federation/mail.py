"""The mail that asks for proof of an address which the provider did not verify."""

from functools import partial

from identity.continuation import Continuation
from identity.journeys.federation.pending_store import FirstSignInView
from identity.mail.messages import Recipient, verify_first_sign_in
from identity.residents.accounts.addresses import Address
from identity.residents.action_links.purposes import Purpose
from identity.web.address_verification import UnverifiedAddress


def unverified_address(
    pending: FirstSignInView, address: Address, continuation: Continuation
) -> UnverifiedAddress:
    """Return what a mail needs to ask for proof."""
    return UnverifiedAddress(
        key=address.key,
        recipient=Recipient(address.display, pending.language, continuation.city_id or None),
        message=partial(verify_first_sign_in, provider=pending.provider),
        purpose=Purpose.VERIFY_FEDERATION,
        subject=pending.id,
        continuation=continuation,
    )
