"""How requests leave this service: whom it trusts, and the proxy on the way."""

import base64
import socket
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPResponse
from urllib.parse import unquote, urlsplit

from identity.config import Settings
from identity.trusted_authorities import TrustedAuthorities


@dataclass(frozen=True)
class Egress:
    """The way out. `proxy`: `http://[user:password@]host:port`, or empty."""

    authorities: TrustedAuthorities = field(default_factory=TrustedAuthorities)
    proxy: str = field(default="", repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Egress":
        """Return the way out that the settings name."""
        return cls(settings.authorities, settings.outbound_proxy.get_secret_value())

    @property
    def proxy_address(self) -> tuple[str, int]:
        """Host and port of the proxy; only where there is one."""
        url = urlsplit(self.proxy)
        return url.hostname or "", url.port or 0

    def open_tunnel(self, tcp: socket.socket, host: str, port: int) -> int:
        """Ask the proxy to connect to the host (CONNECT, RFC 9110 §9.3.6); return its status.

        Raises `OSError` or `HTTPException`.
        """
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        credentials = urlsplit(self.proxy).netloc.rpartition("@")[0]
        if credentials:
            encoded = base64.b64encode(unquote(credentials).encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {encoded}")
        tcp.sendall("\r\n".join([*lines, "", ""]).encode())
        with closing(HTTPResponse(tcp, method="CONNECT")) as response:
            response.begin()
        return response.status


# Without a proxy, with the system's authorities.
DIRECT = Egress()
