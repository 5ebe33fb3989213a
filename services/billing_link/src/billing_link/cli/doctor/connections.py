"""Reaching a server step by step: its name, a connection, TLS. What fails is named, with its fix."""

import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from billing_link.host_names import look_up, resolve_host

# Seconds for the name, for the connection to each address, and for each step of TLS.
SECONDS = 3.0
# So many of the name's addresses are tried.
_MOST_ADDRESSES = 3


class Fault(Enum):
    """The step at which a server was not reached."""

    NAME = auto()
    REFUSED = auto()
    SILENT = auto()
    TLS = auto()
    # Of its certificate: signed by no authority that is trusted, over, or of another name.
    AUTHORITY = auto()
    EXPIRED = auto()
    OTHER_NAME = auto()


# OpenSSL's X509_V_ERR_: CERT_HAS_EXPIRED, HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH.
_BY_CODE = {10: Fault.EXPIRED, 62: Fault.OTHER_NAME, 64: Fault.OTHER_NAME}
OF_CERTIFICATES = (Fault.AUTHORITY, Fault.EXPIRED, Fault.OTHER_NAME)


@dataclass(frozen=True)
class Reached:
    """A server that answers."""

    # When its certificate ends, UTC; None without TLS.
    certificate_ends: datetime | None = None


@dataclass(frozen=True)
class Unreached:
    """A server that does not."""

    host: str
    port: int
    fault: Fault
    detail: str

    def fix(self, setting: str, ca_file: str) -> str:
        """Return how to mend it: `setting` is the variable that names the server."""
        match self.fault:
            case Fault.NAME:
                fix = f"check the host in {setting}; `getent hosts {self.host}` here must find it"
            case Fault.REFUSED:
                fix = f"start what listens on port {self.port} of {self.host}, or check {setting}"
            case Fault.SILENT:
                fix = f"let the firewall pass connections from here to {self.host}, port {self.port}"
            case Fault.TLS:
                fix = f"check port and scheme in {setting}, and what stands in between"
            case Fault.EXPIRED:
                fix = f"renew the certificate of {self.host}, and check the clock of this machine"
            case Fault.OTHER_NAME:
                fix = f"use a name in {setting} that the certificate has, or issue it for {self.host}"
            case Fault.AUTHORITY:
                fix = f"name the PEM file of its authority in {ca_file}; the server sends the whole chain"
        return fix


def reach(host: str, port: int, tls: ssl.SSLContext | None = None) -> Reached | Unreached:
    """Connect, with TLS where a context is given, and close."""
    try:
        addresses = look_up(resolve_host, host, port, SECONDS)
    except TimeoutError:
        return Unreached(host, port, Fault.NAME, f"the name server does not answer for {host}")
    except (OSError, ValueError):
        return Unreached(host, port, Fault.NAME, f"the name {host} has no address")
    return _connect(host, port, addresses[:_MOST_ADDRESSES], tls)


def unverified(host: str, port: int, error: ssl.SSLCertVerificationError) -> Unreached:
    """Return what is wrong with the certificate."""
    fault = _BY_CODE.get(error.verify_code, Fault.AUTHORITY)
    return Unreached(host, port, fault, f"its certificate is refused: {error.verify_message}")


def _connect(
    host: str, port: int, addresses: Sequence[str], tls: ssl.SSLContext | None
) -> Reached | Unreached:
    fault = Unreached(host, port, Fault.NAME, f"the name {host} has no address")
    for address in addresses:
        try:
            tcp = socket.create_connection((address, port), SECONDS)
        except TimeoutError:
            fault = Unreached(host, port, Fault.SILENT, f"{address} port {port} does not answer")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            fault = Unreached(host, port, Fault.REFUSED, f"{address} port {port}: {reason}")
        else:
            with closing(tcp):
                return _greet(host, port, tcp, tls) if tls else Reached()
    return fault


def _greet(host: str, port: int, tcp: socket.socket, tls: ssl.SSLContext) -> Reached | Unreached:
    try:
        with tls.wrap_socket(tcp, server_hostname=host) as encrypted:
            certificate = encrypted.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return unverified(host, port, error)
    except TimeoutError:
        return Unreached(host, port, Fault.TLS, "it does not answer to TLS")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        return Unreached(host, port, Fault.TLS, f"it does not speak TLS with us ({reason})")
    ends = certificate.get("notAfter")
    return Reached(datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC) if ends else None)
