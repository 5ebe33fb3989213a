"""How many wrong codes may be typed for one address, and from one network, whatever they were mailed for.

A code has five attempts, but each new mail and each further registration brings a new code. So failures count
in breadth too. A try is claimed before the code is compared, and is given back if the code was right. Claims
go from the network to the address: what is stopped at one no longer counts at the next, so that one network
cannot use up what an address has. Only typed codes are stopped; the link of the same mail works.

Addresses without an account, and codes that were never mailed, count alike.
"""

from identity.rate_limits.limiter import Action, RateLimiter
from identity.rate_limits.networks import network_class


class CodeTries:
    """Counts tries at the codes of one kind; `kind` keeps those of another kind apart."""

    def __init__(self, kind: str, rate_limiter: RateLimiter) -> None:
        self._kind, self._rate_limiter = kind, rate_limiter

    def claim_try(self, address_key: str, ip_address: str) -> bool:
        """Count a try at a code for this address (`Address.key`); False if no more are allowed now.

        Commits by itself: call it before a transaction is opened.
        """
        return all(self._rate_limiter.allows(*counted) for counted in self._askers(address_key, ip_address))

    def give_back_try(self, address_key: str, ip_address: str) -> None:
        """Take a try back whose code was right; only failures are to count."""
        for action, asker in self._askers(address_key, ip_address):
            self._rate_limiter.give_back(action, asker)

    def _askers(self, address_key: str, ip_address: str) -> tuple[tuple[Action, str], ...]:
        network = network_class(ip_address)
        return (
            (Action.CODE_FROM_NETWORK, f"{self._kind} {network}"),
            (Action.CODE_FOR_ADDRESS_FROM_NETWORK, f"{self._kind} {address_key} {network}"),
            (Action.CODE_FOR_ADDRESS, f"{self._kind} {address_key}"),
        )
