"""Every refusal of billing_link's contract is mapped in the portal."""

from collections.abc import Iterable

from community_access.billing_link.v1.billing_link_pb2 import Refusal
from portal.billing_link_client.refusals import REASONS


def unmapped(refusals: Iterable[str]) -> set[str]:
    """Return the refusals for which the portal has no reason."""
    return set(refusals) - set(REASONS)


def test_every_refusal_of_the_contract_is_mapped() -> None:
    assert unmapped(Refusal.keys()) == set()


def test_the_portal_maps_no_refusal_that_the_contract_lacks() -> None:
    assert set(REASONS) - set(Refusal.keys()) == set()


def test_a_planted_refusal_is_caught() -> None:
    assert unmapped([*Refusal.keys(), "REFUSAL_PLANTED"]) == {"REFUSAL_PLANTED"}
