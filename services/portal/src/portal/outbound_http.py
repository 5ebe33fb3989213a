"""Requests to identity: one at a time, bounded in time and size, and led nowhere else.

No redirect is followed; nothing of the environment counts (proxy variables, .netrc), since both ends are our
own; certificates are verified by the trusted authorities.
"""

import base64
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Event, Timer
from urllib.parse import quote_plus

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError
from urllib3.util import Url, parse_url
from urllib3.util.connection import create_connection

from portal.host_names import Resolver, look_up, resolve_host
from portal.json_text import JsonRefusedError, read_json
from portal.trusted_authorities import TrustedAuthorities

# It logs headers of a response that it cannot parse.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

TOO_LATE = "no answer in time"
_OK = 200
_PORTS = {"https": 443, "http": 80}


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


@dataclass(frozen=True)
class HttpResponse:
    """A response of any status. The body may hold tokens and personal data."""

    status: int
    # Names in any case.
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

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


def basic_credentials(name: str, secret: str) -> str:
    """Return the header `Authorization` with these as HTTP Basic, encoded as RFC 6749 §2.3.1 asks."""
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


class OutboundHttp:
    """Sends requests within limits. Many threads may use one."""

    def __init__(
        self, limits: Limits, authorities: TrustedAuthorities, *, resolve: Resolver = resolve_host
    ) -> None:
        self._limits, self._authorities, self._resolve = limits, authorities, resolve

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Return the response to a GET; raises `OutboundHttpError`."""
        return self._send("GET", url, None, headers or {})

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
        """Return the response to a POST; raises `OutboundHttpError`."""
        return self._send("POST", url, body, headers)

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> HttpResponse:
        target, deadline = _parse(url), _Deadline(self._limits.total)
        with ExitStack() as stack:
            try:
                tcp = stack.enter_context(self._connect(target, deadline))
                stack.enter_context(deadline.enforced_on(tcp))
                # A connection that was cut is not one to begin TLS on.
                deadline.check()
                connection = stack.enter_context(closing(self._connection(tcp, target)))
            except (OSError, ValueError) as error:
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
        return HttpResponse(response.status, response.headers, content)

    def _connect(self, target: Url, deadline: "_Deadline") -> socket.socket:
        host, port = _host_and_port(target)
        fault = OSError("no address")
        for address in look_up(self._resolve, host, port, deadline.seconds_left):
            try:
                timeout = min(self._limits.connect, deadline.seconds_left)
                return create_connection(
                    (address, port), timeout, socket_options=HTTPConnection.default_socket_options
                )
            except OSError as error:
                fault = error
        raise fault

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
        if len(content) > self._limits.size:
            raise OutboundHttpError("the answer is too large")
        return content


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
