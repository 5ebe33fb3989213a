"""The certificate authorities that this service trusts where it connects to another server.

They are the system's (OpenSSL's default store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name) and, beside
them, a city's own: the file of `IDENTITY_CA_FILE`.
"""

import os
import ssl
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

# Modes in which libpq verifies the certificate of the database's server.
_VERIFYING = ("verify-ca", "verify-full")


class TrustedAuthorities:
    """The system's authorities and those of one PEM file."""

    def __init__(self, ca_file: str = "") -> None:
        """Read the file, if one is given; raises `ValueError` if it holds no authority."""
        self._file = ca_file
        self._own = read_certificates(ca_file) if ca_file else ""
        if self._own and not _store(self._own).cert_store_stats()["x509_ca"]:
            raise ValueError(f"{ca_file} holds no certificate of an authority, only those of servers")

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What certificates and host names of servers are verified with."""
        context = ssl.create_default_context()
        if self._own:
            context.load_verify_locations(cadata=self._own)
        return context

    @cached_property
    def pem(self) -> bytes:
        """The authorities as PEM, for gRPC, which reads no store of the system; empty if there is none."""
        system = _system_file()
        certificates = Path(system).read_bytes() if system else b""
        return b"\n".join(part for part in (certificates, self._own.encode()) if part)

    def for_database(self, url: str) -> str:
        """Return a database's address with `sslrootcert` where its `sslmode` verifies and it names none.

        libpq reads one file: the city's own if there is one, otherwise the system's.
        """
        query = parse_qs(urlsplit(url).query)
        mode = query.get("sslmode", [os.environ.get("PGSSLMODE", "")])[0]
        file = self._file or ("" if "PGSSLROOTCERT" in os.environ else _system_file())
        if mode not in _VERIFYING or "sslrootcert" in query or not file:
            return url
        return f"{url}{'&' if query else '?'}sslrootcert={quote(file)}"


def read_certificates(file: str) -> str:
    """Return the certificates of a PEM file; raises `ValueError`, in an operator's words."""
    try:
        text = Path(file).read_bytes().decode("ascii", "ignore")
        _store(text)
    except OSError as error:
        # `ssl.SSLError` is one, without a file.
        problem = "is not a file of PEM certificates" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise ValueError(f"{file} {problem}") from None
    except ValueError:
        raise ValueError(f"{file} is empty") from None
    return text


def _store(certificates: str) -> ssl.SSLContext:
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    store.load_verify_locations(cadata=certificates)
    return store


def _system_file() -> str:
    """Return the system's authorities as one file, or an empty text."""
    paths = ssl.get_default_verify_paths()
    candidates = [paths.cafile, paths.capath and f"{paths.capath}/ca-certificates.crt"]
    return next((file for file in candidates if file and Path(file).is_file()), "")
