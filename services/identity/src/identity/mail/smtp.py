"""The connection to the mail server, with a time limit and a verified certificate: Flask-Mail has neither."""

import smtplib
import socket
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from flask_mail import Connection, Mail

from identity.errors import SettingsError
from identity.trusted_authorities import TrustedAuthorities

# For each step of a connection, so that a silent server does not hold up the next mail.
TIMEOUT_SECONDS = 10.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


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


class SmtpTransport(Mail):
    """A Flask-Mail extension that is configured by one URL; raises `SettingsError`."""

    def __init__(self, smtp_url: str, authorities: TrustedAuthorities) -> None:
        self._configuration, self._authorities = configuration(smtp_url), authorities
        super().__init__()

    def init_mail(self, config: dict[str, Any], *flags: Any, **more: Any) -> Any:  # noqa: ANN401 - the parent's types are private
        """Use the URL's configuration instead of the application's."""
        return super().init_mail({**config, **self._configuration}, *flags, **more)

    def connect(self) -> Connection:
        """Return a connection, to be opened by `with`."""
        return BoundedConnection(super().connect().mail, self._authorities)

    def try_session(self) -> None:
        """Open a session as for a mail, greet, and end it, without an application.

        Raises `OSError` or `smtplib.SMTPException`.
        """
        with BoundedConnection(self.init_mail({}), self._authorities) as connection:
            if connection.host is not None:
                connection.host.ehlo_or_helo_if_needed()


class BoundedConnection(Connection):
    """One connection to the mail server."""

    def __init__(self, mail: Any, authorities: TrustedAuthorities) -> None:  # noqa: ANN401 - the parent's type is private
        super().__init__(mail)
        self._authorities = authorities

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        """Connect, encrypt and sign in as configured; raises `OSError` or `smtplib.SMTPException`."""
        mail = self.mail
        # The machine's short name: to find its full name may wait for a name server.
        local_hostname = socket.gethostname()
        host: smtplib.SMTP
        if mail.use_ssl:
            host = smtplib.SMTP_SSL(
                mail.server,
                mail.port or 0,
                local_hostname=local_hostname,
                timeout=TIMEOUT_SECONDS,
                context=self._authorities.tls,
            )
        else:
            host = smtplib.SMTP(
                mail.server, mail.port or 0, local_hostname=local_hostname, timeout=TIMEOUT_SECONDS
            )
        try:
            if mail.use_tls:
                host.starttls(context=self._authorities.tls)
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Close the connection. Faults are ignored: the server has accepted or refused the mail by now."""
        with suppress(OSError, smtplib.SMTPException):
            if self.host is not None:
                self.host.quit()
        if self.host is not None:
            self.host.close()
