"""Sessions with the mail server: bounded in time, with a verified certificate, and kept for the next mail.

Flask-Mail has none of the three. A try has an end from the look-up of the name to the last reply, so that its
message's lease (`outbox.store`) outlives it.
"""

import smtplib
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from flask_mail import Mail, Message

from identity.errors import SettingsError
from identity.host_names import look_up, resolve_host
from identity.mail.smtp_session import CONNECT_SECONDS, BoundedConnection
from identity.trusted_authorities import TrustedAuthorities

# From the look-up of the name to the last reply.
TOTAL_SECONDS = 40.0
# A connection is closed after so many mails, and when it had none for so long.
MAILS_OF_A_CONNECTION, KEPT_SECONDS = 100, 10.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_CLOSING, _TOO_LARGE = 421, 552


class NoSessionError(Exception):
    """The server takes no mail now, whatever the recipient. The text is for an operator."""


def configuration(smtp_url: str) -> dict[str, object]:
    """Return Flask-Mail's settings for `smtp://[user:password@]host[:port]`; raises `SettingsError`.

    `smtp+starttls://` upgrades the connection and `smtps://` begins it encrypted.
    """
    try:
        url = urlsplit(smtp_url)
        default_port, host, port = _PORTS[url.scheme], url.hostname, url.port
    except (KeyError, ValueError):
        host = None
    if not host:
        raise SettingsError(
            "IDENTITY_SMTP_URL: give smtp://, smtp+starttls:// or smtps://, a host and, if needed, a port, "
            "such as smtp+starttls://user:password@mail.example.gov:587"
        )
    return {
        "MAIL_SERVER": host,
        "MAIL_PORT": port or default_port,
        "MAIL_USE_TLS": url.scheme == "smtp+starttls",
        "MAIL_USE_SSL": url.scheme == "smtps",
        "MAIL_USERNAME": unquote(url.username) if url.username else None,
        "MAIL_PASSWORD": unquote(url.password) if url.password else None,
        "MAIL_DEBUG": False,
        # Flask-Mail would send nothing under an application that is being tested.
        "MAIL_SUPPRESS_SEND": False,
    }


def words_for(fault: OSError) -> str:
    """Return what went wrong, for an operator: the kind of fault and the server's code, never its text."""
    # smtplib says of a reply that does not come that the connection was closed.
    if isinstance(fault, TimeoutError) or isinstance(fault.__context__, TimeoutError):
        return "no answer in time"
    code = getattr(fault, "smtp_code", None)
    return f"{type(fault).__name__} {code}" if code else type(fault).__name__


class SmtpTransport(Mail):
    """A Flask-Mail extension that is configured by one URL; raises `SettingsError`. Many threads may send."""

    def __init__(self, smtp_url: str, authorities: TrustedAuthorities) -> None:
        self._configuration, self._authorities = configuration(smtp_url), authorities
        self._lock = Lock()
        self._resting: list[BoundedConnection] = []
        # Of the server's addresses: those that were found last, and the one that failed last.
        self._addresses: Sequence[str] = ()
        self._last_resort = ""
        super().__init__()

    def init_app(self, app: Any) -> Any:  # noqa: ANN401 - the parent's type is private, and Flask is not ours to import
        """Attach to the application in whose context mails are sent."""
        self._app = app
        return super().init_app(app)

    def init_mail(self, config: dict[str, Any], *flags: Any, **more: Any) -> Any:  # noqa: ANN401 - the parent's types are private
        """Use the URL's configuration instead of the application's."""
        return super().init_mail({**config, **self._configuration}, *flags, **more)

    def send(self, message: Message) -> None:
        """Send the message over a connection that rests, or a new one; returns upon the server's 250.

        Raises `NoSessionError` for whatever goes wrong before a recipient is named; `OSError`, of which
        `smtplib.SMTPException` is one, for what goes wrong then.
        """
        deadline = time.monotonic() + TOTAL_SECONDS
        connection = self._take()
        if connection is not None:
            try:
                self._send_over(connection, message, deadline)
            except _ClosedMeanwhileError:
                # Those that rested beside it may be as old.
                self.close_resting()
            else:
                return
        try:
            connection = self._open(deadline)
        except OSError as fault:
            raise NoSessionError(words_for(fault)) from None
        try:
            self._send_over(connection, message, deadline)
        except _ClosedMeanwhileError as closed:
            raise NoSessionError(str(closed)) from None

    def close_resting(self, *, after: float = 0.0) -> None:
        """Close the connections that have rested for so many seconds."""
        since = time.monotonic() - after
        with self._lock:
            old = [each for each in self._resting if each.rests_since <= since]
            self._resting = [each for each in self._resting if each.rests_since > since]
        for each in old:
            each.quit()

    def try_session(self) -> None:
        """Open a session as for a mail, greet, and end it, without an application.

        Raises `OSError` or `smtplib.SMTPException`.
        """
        connection = self._open(time.monotonic() + TOTAL_SECONDS)
        try:
            connection.session.ehlo_or_helo_if_needed()
        finally:
            connection.quit()

    def _send_over(self, connection: BoundedConnection, message: Message, deadline: float) -> None:
        connection.session.begin(deadline)
        try:
            with self._app.app_context():
                connection.send(message)
        except smtplib.SMTPRecipientsRefused:
            self._rest(connection)
            raise
        except OSError as fault:
            connection.close()
            if connection.session.has_named_recipient:
                raise
            code = getattr(fault, "smtp_code", _CLOSING)
            if code == _CLOSING:
                raise _ClosedMeanwhileError(words_for(fault)) from None
            if code == _TOO_LARGE:
                # Of this mail (RFC 1870 §6.1).
                raise
            raise NoSessionError(words_for(fault)) from None
        except BaseException:
            connection.close()
            raise
        self._rest(connection)

    def _open(self, deadline: float) -> BoundedConnection:
        """Return a new connection, encrypted and signed in as configured; raises `OSError`."""
        mail = self.init_mail({})
        addresses = sorted(self._look_up(mail), key=lambda address: address == self._last_resort)
        connection = BoundedConnection(mail, self._authorities, addresses, deadline)
        try:
            connection.host = connection.configure_host()
        except BaseException:
            self._last_resort = connection.address
            raise
        return connection

    def _look_up(self, mail: Any) -> Sequence[str]:  # noqa: ANN401 - the parent's type is private
        """Return the server's addresses; while its name server does not answer, those from before."""
        try:
            self._addresses = look_up(resolve_host, mail.server, mail.port, CONNECT_SECONDS)
        except OSError:
            if not self._addresses:
                raise
        return self._addresses

    def _take(self) -> BoundedConnection | None:
        self.close_resting(after=KEPT_SECONDS)
        with self._lock:
            return self._resting.pop() if self._resting else None

    def _rest(self, connection: BoundedConnection) -> None:
        connection.session.rest()
        connection.mails += 1
        if connection.session.sock is None:
            return
        if connection.mails >= MAILS_OF_A_CONNECTION:
            connection.quit()
            return
        connection.rests_since = time.monotonic()
        with self._lock:
            self._resting.append(connection)


class _ClosedMeanwhileError(Exception):
    """The server ended the session before a recipient was named. The text is for an operator."""
