"""One session with the mail server, on a connection that is bounded in time and verifies the certificate."""

import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Timer
from typing import Any

from flask_mail import Connection

from identity.trusted_authorities import TrustedAuthorities

# For the connection to one of the server's addresses, and for each of its replies.
CONNECT_SECONDS, TIMEOUT_SECONDS = 5.0, 10.0
# For its reply to the content: servers that examine it take long, and a mail given up then may arrive twice
# (RFC 5321 §4.5.3.2.6).
CONTENT_SECONDS = 30.0
_QUIT_SECONDS = 1.0


class BoundedConnection(Connection):
    """One connection to the mail server, used by one thread at a time."""

    session: "_Session"

    def __init__(
        self,
        mail: Any,  # noqa: ANN401 - the parent's type is private
        authorities: TrustedAuthorities,
        addresses: Sequence[str],
        deadline: float,
    ) -> None:
        """Take the server's addresses, the best first, and when it must be open (monotonic, in seconds)."""
        super().__init__(mail)
        self._authorities, self._addresses, self._deadline = authorities, addresses, deadline
        self.mails, self.rests_since = 0, 0.0
        # The one that was tried last.
        self.address = ""

    def configure_host(self) -> smtplib.SMTP:
        """Connect, encrypt and sign in as configured; raises `OSError` or `smtplib.SMTPException`."""
        mail = self.mail
        tls = self._authorities.tls if mail.use_ssl else None
        tcp = self._connect()
        self.session = _Session(tcp, self._deadline, mail.server, tls)
        try:
            self.session.greet()
            if mail.use_tls:
                self.session.starttls(context=self._authorities.tls)
            if mail.username and mail.password:
                self.session.login(mail.username, mail.password)
        except BaseException:
            self.session.close()
            raise
        return self.session

    def quit(self) -> None:
        """End the session in order. Faults are ignored: no mail depends on it."""
        with suppress(OSError):
            if self.session.sock is not None:
                self.session.sock.settimeout(_QUIT_SECONDS)
                self.session.quit()
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self.session.close()

    def _connect(self) -> socket.socket:
        fault: OSError = OSError("the name has no address")
        for address in self._addresses:
            self.address = address
            seconds = min(CONNECT_SECONDS, self._deadline - time.monotonic())
            if seconds <= 0:
                raise TimeoutError
            try:
                return socket.create_connection((address, self.mail.port), seconds)
            except OSError as error:
                fault = error
        raise fault


class _Session(smtplib.SMTP):
    """smtplib's client on a socket of ours, cut when a try takes too long."""

    def __init__(self, tcp: socket.socket, deadline: float, host: str, tls: ssl.SSLContext | None) -> None:
        # The machine's short name: to find its full name may wait for a name server.
        super().__init__(local_hostname=socket.gethostname(), timeout=TIMEOUT_SECONDS)
        # For the name in the certificate; smtplib sets it by the host that it connects to.
        self._host = host
        self._tcp, self._tls = tcp, tls
        self.has_named_recipient = False
        self._cut: tuple[Timer, socket.socket] | None = None
        self.begin(deadline)

    def greet(self) -> None:
        """Encrypt if the connection begins so, and read the greeting; raises `OSError`."""
        code, words = self.connect(self._host)
        if code != 220:  # noqa: PLR2004 - RFC 5321 §4.2.3: ready
            raise smtplib.SMTPConnectError(code, words)

    def begin(self, deadline: float) -> None:
        """Let a try begin, which is cut at this time (monotonic, in seconds)."""
        self.rest()
        self.has_named_recipient = False
        # TLS takes the socket over; a duplicate goes on meaning the same connection.
        tcp = self._tcp if self.sock is None else self.sock
        duplicate = socket.fromfd(tcp.fileno(), tcp.family, tcp.type)
        timer = Timer(max(deadline - time.monotonic(), 0.0), _shut_down, (duplicate,))
        timer.daemon = True
        timer.start()
        self._cut = timer, duplicate

    def rest(self) -> None:
        """Let the try end in time."""
        if self._cut is not None:
            timer, duplicate = self._cut
            timer.cancel()
            duplicate.close()
            self._cut = None

    def close(self) -> None:
        """Close the connection."""
        self.rest()
        super().close()
        self._tcp.close()

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name a recipient: from here on, faults may be the recipient's."""
        self.has_named_recipient = True
        return super().rcpt(recip, options)

    def data(self, msg: Any) -> tuple[int, bytes]:  # noqa: ANN401 - the parent's type is private
        """Send the content, and wait longer for the reply."""
        if self.sock is not None:
            self.sock.settimeout(CONTENT_SECONDS)
        answer = super().data(msg)
        if self.sock is not None:
            self.sock.settimeout(TIMEOUT_SECONDS)
        return answer

    def _get_socket(self, _host: str, _port: int, timeout: float) -> socket.socket:
        """Return the socket to speak over, as smtplib asks for it."""
        self._tcp.settimeout(timeout)
        return self._tls.wrap_socket(self._tcp, server_hostname=self._host) if self._tls else self._tcp


def _shut_down(tcp: socket.socket) -> None:
    # The connection may have ended by itself.
    with suppress(OSError):
        tcp.shutdown(socket.SHUT_RDWR)
