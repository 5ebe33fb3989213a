"""Where an attempt comes from, as a short text that failures are counted by."""

from identity.rate_limits.networks import network_of

# A stranger who changes the last octet counts as the same stranger.
_IPV4_PREFIX = 24
# The length of the column.
_LONGEST = 80


def origin_of(device_id: str | None, ip_address: str) -> str:
    """Return the origin of an attempt: its device if the resident has used it, else its network."""
    return device(device_id) if device_id else network(ip_address)


def network(ip_address: str) -> str:
    """Return the attempt's network: the /24 of an IPv4 address, the /64 of an IPv6 address (`network_of`)."""
    return f"network:{network_of(ip_address, ipv4_prefix=_IPV4_PREFIX)}"


def device(device_id: str) -> str:
    """Return a device that this resident has signed in with before; the caller has verified its cookie."""
    return f"device:{device_id}"[:_LONGEST]
