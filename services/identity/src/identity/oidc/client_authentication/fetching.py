"""Fetching a small document from an address that a client registered, without being led anywhere else.

The name is resolved once, every address behind it must be a public one, and the connection goes to the very
address that was checked. No redirects; size and time are bounded. Loopback is allowed where identity itself
is at home on loopback, and nowhere else (OWASP: server-side request forgery).
"""

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

_LARGEST = 64 * 1024
# Seconds: for the connection, and for everything together.
_CONNECT, _IN_ALL = 3.0, 5.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class FetchFailedError(Exception):
    """The document could not be had; the text says why, for the log."""


class OutsideFetching:
    """Fetches documents; `issuer` decides whether loopback is allowed."""

    def __init__(self, issuer: str) -> None:
        self._loopback_allowed = urlsplit(issuer).hostname in _LOOPBACK_NAMES

    def fetch(self, address: str) -> bytes:
        """Return the body of a 200 answer; raises `FetchFailedError`."""
        try:
            parts = urlsplit(address)
            target = self._target(parts)
            return _get(parts, target)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise FetchFailedError(f"{type(error).__name__} at {address[:200]}") from None

    def _target(self, parts: SplitResult) -> "_Target":
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        on_loopback = bool(addresses) and all(ipaddress.ip_address(a).is_loopback for a in addresses)
        if on_loopback and self._loopback_allowed and parts.scheme in ("http", "https"):
            return _Target(addresses[0], port)
        if parts.scheme != "https":
            raise FetchFailedError(f"{host} is not asked over https")
        if not addresses or not all(is_public(a) for a in addresses):
            raise FetchFailedError(f"{host} is not on the public network")
        return _Target(addresses[0], port)


@dataclass(frozen=True)
class _Target:
    address: str
    port: int


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public network, and carries no other inside it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _NAT64
    ):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _get(parts: SplitResult, target: _Target) -> bytes:
    connection = socket.create_connection((target.address, target.port), timeout=_CONNECT)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = context.wrap_socket(
            connection, server_hostname=parts.hostname, do_handshake_on_connect=False
        )
    # A server that sends a byte now and then would outlast every timeout of a single read.
    is_late = Event()
    cut = Timer(_IN_ALL, _shut, [connection, is_late])
    cut.daemon = True
    cut.start()
    try:
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        body = _read(connection, parts)
        if is_late.is_set():
            # Half a header looks like a short one.
            raise FetchFailedError("took too long")
        return body
    finally:
        cut.cancel()
        connection.close()


def _read(connection: socket.socket, parts: SplitResult) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Accept: application/jwk-set+json, application/json",
        "Connection: close",
    )
    connection.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
    response = http.client.HTTPResponse(connection, method="GET")
    response.begin()
    if response.status != 200:  # noqa: PLR2004 - a redirect is refused like any other answer
        raise FetchFailedError(f"answered {response.status}")
    body = response.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise FetchFailedError("answered with too much")
    if response.length:
        raise FetchFailedError("broke off")
    return body


def _shut(connection: socket.socket, is_late: Event) -> None:
    is_late.set()
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return
