"""Which network a request came from: what a limit and a lockout count by.

The one place that reads an IP address of a request, in every form that proxies and sockets write it.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# The form in which an IPv4 address passes a translator (RFC 6052 §2.1).
_NAT64 = IPv6Network("64:ff9b::/96")
# What one subscriber has at least (RFC 6177 §2); all its addresses count together.
_IPV6_PREFIX = 64
_UNKNOWN = "unknown"


def network_of(address: str, *, ipv4_prefix: int) -> str:
    """Return the network in CIDR form: IPv4 by the prefix's length, IPv6 by 64 bits.

    A single IPv4 address is written without a prefix. All that is no address is one network, `unknown`: a
    proxy that hides addresses does not switch counting off.
    """
    parsed = _parsed(address)
    if parsed is None:
        return _UNKNOWN
    prefix = ipv4_prefix if isinstance(parsed, IPv4Address) else _IPV6_PREFIX
    return str(ip_network((parsed, prefix), strict=False)).removesuffix("/32")


def plain_address(address: str) -> str:
    """Return the address in its shortest form (RFC 5952), an embedded IPv4 address as IPv4.

    Text that is no address is returned as it is.
    """
    parsed = _parsed(address)
    return address if parsed is None else str(parsed)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address, without port (RFC 3986 §3.2.2) and zone (RFC 4007 §11); None if it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
