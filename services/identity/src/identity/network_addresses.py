"""Which addresses are this machine's, on the public network, or neither."""

import ipaddress
from urllib.parse import urlsplit

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
# RFC 6761 §6.3, RFC 6762 §3, RFC 8375, and the domain that ICANN reserved for private networks.
_LOCAL_DOMAINS = frozenset({"localhost", "local", "arpa", "internal"})
# RFC 6052 §2.1: an IPv4 address inside an IPv6 one.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_on_loopback(url: str) -> bool:
    """Return True if the address names this machine."""
    return urlsplit(url).hostname in _LOOPBACK_NAMES


def is_public(address: str) -> bool:
    """Return True if an IP address belongs to the public network, and contains no other address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _NAT64
    ):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_local_name(host: str) -> bool:
    """Return True for a name that no public name server has, but perhaps the proxy's own."""
    parent, _, last = host.rstrip(".").lower().rpartition(".")
    return not parent or last in _LOCAL_DOMAINS


def is_loopback(address: str) -> bool:
    """Return True if an IP address is this machine's."""
    return ipaddress.ip_address(address).is_loopback
