"""Requests to servers of other parties: one at a time, bounded in time and size, and led nowhere else.

No redirect is followed; nothing of the environment counts (proxy variables, .netrc); certificates are
verified by the trusted authorities. An address that another party chose may be held to the public network:
its name is resolved once, each address behind it is checked, and the connection goes to an address that was
checked (OWASP: Server-Side Request Forgery Prevention).

With a proxy (`IDENTITY_OUTBOUND_PROXY`), requests to the public network go through it, and those to private
addresses and to this machine do not. The proxy then resolves names, also those that this machine does not
know: it has to keep them off the private network itself (docs/decisions/0042).
"""

import logging
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Event, Timer

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError
from urllib3.util import Url, parse_url
from urllib3.util.connection import create_connection

from identity.egress import DIRECT, Egress
from identity.host_names import Resolver, look_up, resolve_host
from identity.json_text import JsonRefusedError, read_json
from identity.network_addresses import is_local_name, is_loopback, is_public

# It logs headers of a response that it cannot parse.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

TOO_LATE = "no answer in time"
_OK = 200
_PORTS = {"https": 443, "http": 80}
# Seconds for a name that the proxy resolves too: name servers behind a firewall may never answer.
_LOOK_UP_BEFORE_PROXY = 1.0


class OutboundHttpError(Exception):
    """There is no usable response. The text is for an operator, and quotes nothing of the other side."""


class NotConnectedError(OutboundHttpError):
    """The other side did not get the request."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long another party may take, in seconds, and how much it may send, in bytes after decompression."""

    # For the connection to one address.
    connect: float
    # Between two pieces of the response.
    read: float
    # From the look-up of the name to the last byte.
    total: float
    size: int
    # A longer body is cut there; otherwise it is an error.
    cuts_body: bool = False


@dataclass(frozen=True)
class HttpResponse:
    """A response of any status. The body may hold personal data."""

    status: int
    # Lower case, without parameters; empty if there is none.
    media_type: str
    body: bytes = field(repr=False)

    @property
    def is_ok(self) -> bool:
        return self.status == _OK

    def json_if_ok(self) -> object:
        """Return what the body of a 200 holds; raises `OutboundHttpError` for all else."""
        if self.status != _OK:
            raise OutboundHttpError(f"status {self.status}")
        return self.json()

    def json(self) -> object:
        """Return what the body holds; raises `OutboundHttpError` if that is not JSON."""
        try:
            return read_json(self.body)
        except JsonRefusedError as error:
            raise OutboundHttpError(f"the answer {error}") from None


@dataclass(frozen=True)
class _Route:
    """The addresses to connect to, the best first; `is_tunnel`: they are the proxy's."""

    addresses: Sequence[str]
    port: int
    is_tunnel: bool = False


class OutboundHttp:
    """Sends requests within limits. Many threads may use one.

    `allows_loopback`: a request that is held to the public network may also go to this machine, and there
    over http. For development, where identity itself is on loopback.
    """

    def __init__(
        self,
        limits: Limits,
        egress: Egress = DIRECT,
        *,
        allows_loopback: bool = False,
        resolve: Resolver = resolve_host,
    ) -> None:
        self._limits, self._allows_loopback, self._resolve = limits, allows_loopback, resolve
        self._egress, self._authorities = egress, egress.authorities

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, public_only: bool = False
    ) -> HttpResponse:
        """Return the response to a GET; raises `OutboundHttpError`.

        `public_only`: connect to the public network alone, over https.
        """
        return self._send("GET", url, None, headers or {}, public_only=public_only)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, public_only: bool = False
    ) -> HttpResponse:
        """Return the response to a POST; raises `OutboundHttpError`. `public_only`: see `get`."""
        return self._send("POST", url, body, headers, public_only=public_only)

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, public_only: bool
    ) -> HttpResponse:
        target, deadline = _parse(url), _Deadline(self._limits.total)
        with ExitStack() as stack:
            try:
                route = self._route(target, deadline, public_only=public_only)
                tcp = stack.enter_context(self._connect(route, deadline))
                stack.enter_context(deadline.enforced_on(tcp))
                if (
                    route.is_tunnel
                    and (status := self._egress.open_tunnel(tcp, *_host_and_port(target))) != _OK
                ):
                    raise NotConnectedError(f"the proxy answers {status}")
                # A connection that was cut is not one to begin TLS on.
                deadline.check()
                connection = stack.enter_context(closing(self._connection(tcp, target)))
            except (OSError, HTTPException, ValueError) as error:
                raise NotConnectedError(deadline.words_for(error)) from None
            try:
                all_headers = {"Host": target.netloc or "", **headers}
                connection.request(method, target.request_uri, body, all_headers, preload_content=False)
                response = stack.enter_context(closing(connection.getresponse()))
                content = self._read(response)
            except (OSError, HTTPException, HTTPError, ValueError) as error:
                raise OutboundHttpError(deadline.words_for(error)) from None
            # A connection that was cut may look like a short response.
            if deadline.has_passed:
                raise OutboundHttpError(TOO_LATE)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return HttpResponse(response.status, media_type, content)

    def _route(self, target: Url, deadline: "_Deadline", *, public_only: bool) -> _Route:
        host, port = _host_and_port(target)
        if not self._egress.proxy:
            addresses = look_up(self._resolve, host, port, deadline.seconds_left)
            if public_only:
                self._check_public(target, addresses)
            return _Route(addresses, port)
        try:
            seconds = min(_LOOK_UP_BEFORE_PROXY, deadline.seconds_left)
            addresses = look_up(self._resolve, host, port, seconds)
        except OSError:
            addresses = ()
        if public_only:
            self._check_public(target, addresses)
            if not addresses and is_local_name(host):
                raise NotConnectedError("the address is not on the public network")
        if addresses and not any(is_public(each) for each in addresses):
            return _Route(addresses, port)
        host, port = self._egress.proxy_address
        return _Route(look_up(self._resolve, host, port, deadline.seconds_left), port, is_tunnel=True)

    def _connect(self, route: _Route, deadline: "_Deadline") -> socket.socket:
        fault = OSError("no address")
        for address in route.addresses:
            try:
                timeout = min(self._limits.connect, deadline.seconds_left)
                return create_connection(
                    (address, route.port), timeout, socket_options=HTTPConnection.default_socket_options
                )
            except OSError as error:
                fault = error
        raise fault

    def _check_public(self, target: Url, addresses: Sequence[str]) -> None:
        if self._allows_loopback and addresses and all(is_loopback(each) for each in addresses):
            return
        if target.scheme != "https":
            raise NotConnectedError("the address is not https")
        if not all(is_public(each) for each in addresses):
            raise NotConnectedError("the address is not on the public network")

    def _open_tunnel(self, tcp: socket.socket, target: Url) -> None:
        status = self._egress.open_tunnel(tcp, *_host_and_port(target))
        if status != _OK:
            raise NotConnectedError(f"the proxy answers {status}")

    def _connection(self, tcp: socket.socket, target: Url) -> HTTPConnection:
        host, port = _host_and_port(target)
        connection = HTTPConnection(host, port, timeout=self._limits.read)
        # It is connected already, and encrypted where it has to be.
        connection.sock = (
            self._authorities.tls.wrap_socket(tcp, server_hostname=host) if target.scheme == "https" else tcp
        )
        return connection

    def _read(self, response: BaseHTTPResponse) -> bytes:
        content = response.read(self._limits.size + 1)
        if len(content) > self._limits.size and not self._limits.cuts_body:
            raise OutboundHttpError("the answer is too large")
        return content[: self._limits.size]


class _Deadline:
    """The end of one exchange: a byte a second outlasts every time limit of a single read."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._has_cut = Event()

    @property
    def has_passed(self) -> bool:
        return self._has_cut.is_set()

    @property
    def seconds_left(self) -> float:
        """Some time always, since a socket takes 0 for "do not wait"."""
        return max(self._until - time.monotonic(), 0.01)

    def check(self) -> None:
        """Raise `TimeoutError` if the connection was cut."""
        if self.has_passed:
            raise TimeoutError

    @contextmanager
    def enforced_on(self, tcp: socket.socket) -> Iterator[None]:
        """Shut the connection down when the time is over, also during the TLS handshake."""
        # TLS takes the socket over; a duplicate goes on meaning the same connection.
        duplicate = tcp.dup()
        timer = Timer(self.seconds_left, self._cut, (duplicate,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            duplicate.close()

    def words_for(self, error: Exception) -> str:
        """Return what went wrong, for an operator."""
        if self.has_passed or isinstance(error, TimeoutError | ReadTimeoutError):
            return TOO_LATE
        return f"no answer ({type(error).__name__})"

    def _cut(self, tcp: socket.socket) -> None:
        self._has_cut.set()
        # The connection may have ended by itself.
        with suppress(OSError):
            tcp.shutdown(socket.SHUT_RDWR)


def _parse(url: str) -> Url:
    try:
        target = parse_url(url)
    except LocationParseError:
        raise NotConnectedError("the address cannot be read") from None
    if target.scheme not in _PORTS or not target.host:
        raise NotConnectedError("the address is not https")
    return target


def _host_and_port(target: Url) -> tuple[str, int]:
    # An IPv6 address stands in brackets.
    return (target.host or "").strip("[]"), target.port or _PORTS[target.scheme or ""]
