"""Which network a request came from: what a limit and a lockout count by.

The one place that reads an IP address of a request, in every form that proxies, sockets and standards write.
"""

import re
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# Whose last 32 bits are an IPv4 address: translated (RFC 6052 §2.1, RFC 8215, RFC 2765 §2.1), or "compatible"
# (RFC 4291 §2.5.5.1).
_LAST_BITS_ARE_IPV4 = tuple(
    IPv6Network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96")
)
# What one subscriber has at least (RFC 6177 §2); all its addresses count together.
_IPV6_PREFIX = 64
_NO_ADDRESS = "none"
# RFC 7239 §4: one parameter of a Forwarded header.
_FORWARDED = re.compile(r'(?:^|[;,])\s*for\s*=\s*("[^"]*"|[^;,]*)', re.IGNORECASE)
# "192.0.2.1:4711", and "::ffff:192.0.2.1:4711".
_DOTTED_WITH_PORT = re.compile(r"(.*\d\.\d{1,3}):[^:.]*")
_GROUPS_OF_IPV6 = 8


def network_class(address: str) -> str:
    """Return the network that one attacker may have wholly: IPv4 by 24 bits, IPv6 by 48 (RFC 6177 §2)."""
    return network_of(address, ipv4_prefix=24, ipv6_prefix=48)


@lru_cache(maxsize=1024)
def network_of(address: str, *, ipv4_prefix: int, ipv6_prefix: int = _IPV6_PREFIX) -> str:
    """Return the network in CIDR form, by the length of its prefix.

    A single IPv4 address is written without a prefix. Text that is no address is a network of its own,
    `unreadable:` and a digest of it, so that visitors of a proxy that writes something else never count
    together. `none` is the network of a request without any text.
    """
    parsed = read_address(address)
    if parsed is None:
        text = address.strip()
        return f"unreadable:{sha256(text.encode()).hexdigest()[:16]}" if text else _NO_ADDRESS
    prefix = ipv4_prefix if isinstance(parsed, IPv4Address) else ipv6_prefix
    return str(ip_network((parsed, prefix), strict=False)).removesuffix("/32")


def plain_address(address: str) -> str:
    """Return the address in its shortest form (RFC 5952), an embedded IPv4 address as IPv4.

    Text that is no address is returned as it is.
    """
    parsed = read_address(address)
    return address if parsed is None else str(parsed)


@lru_cache(maxsize=1024)
def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in the text, an embedded IPv4 address as IPv4; None if there is none.

    Blanks, quotation marks, `for=` (RFC 7239 §4), brackets and port (RFC 3986 §3.2.2) and a zone
    (RFC 4007 §11) may be around it. A port that follows an IPv6 address without brackets is seen where the
    text is no address with it; elsewhere it is read as a part of the address (RFC 5952 §6), which has the
    same first 64 bits.
    """
    forwarded = _FORWARDED.search(text)
    host = (forwarded[1] if forwarded else text).strip().strip('"').strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif dotted := _DOTTED_WITH_PORT.fullmatch(host):
        host = dotted[1]
    elif "::" not in host and host.count(":") == _GROUPS_OF_IPV6:
        host = host.rpartition(":")[0]
    try:
        address = ip_address(_without_leading_zeros(host.partition("%")[0]))
    except ValueError:
        return None
    return address if isinstance(address, IPv4Address) else (_embedded_ipv4(address) or address)


def _without_leading_zeros(host: str) -> str:
    """Return 192.000.002.001 as 192.0.2.1: proxies write decimal numbers, not the octal ones of inet_aton."""
    return re.sub(r"(?<![\d:a-fA-F])0+(?=\d+(?:\.|$))", "", host) if host.count(".") == 3 else host  # noqa: PLR2004 - the dots of IPv4


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address of the visitor within a mapped, translated or tunnelled one, else None."""
    if embedded := address.ipv4_mapped or address.sixtofour:
        return embedded
    if address.teredo:
        return address.teredo[1]
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    # 0.0.0.0/8 is no visitor: "::1" and "::1:443" are no IPv4 addresses.
    is_ipv4 = any(address in network for network in _LAST_BITS_ARE_IPV4) and int(last) >> 24
    return last if is_ipv4 else None
