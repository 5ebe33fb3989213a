"""Where an attempt comes from, as a short text that failures are counted by."""

import ipaddress


def network(ip_address: str) -> str:
    """Return the attempt's network: the /24 of an IPv4 address, the /64 of an IPv6 address.

    Anything else is one network of its own, so that a proxy that hides addresses does not switch counting
    off.
    """
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        return "network:unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 64  # noqa: PLR2004 - IPv4
    return f"network:{ipaddress.ip_network((address, prefix), strict=False)}"


def device(device_id: str) -> str:
    """Return a device that this resident has signed in with before; the caller has verified its cookie."""
    return f"device:{device_id}"[:80]
