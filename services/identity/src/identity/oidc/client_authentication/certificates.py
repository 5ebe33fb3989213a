"""Client certificates behind a trusted proxy (RFC 8705): the proxy ends TLS and passes the certificate on.

`tls_client_auth` counts only for certificates that a configured authority signed, checked here too: a proxy
that accepts self-signed certificates passes any certificate on.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.util import urlsafe_b64encode

from identity.clock import Clock
from identity.config import Settings
from identity.oidc.client_authentication.certificate_authorities import read_authorities, why_not_signed
from identity.oidc.client_authentication.key_sets import ClientKeySets
from identity.relying_parties import certificate_subjects
from identity.relying_parties.clients import RegisteredClient

_log = structlog.get_logger(__name__)

_LONGEST = 16 * 1024
# What proxies write where the connection has no certificate: Apache's is "(null)".
_NONE = ("", "(null)")
# Characters of a name in the log.
_SHOWN = 200
_FRAME = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")


@dataclass(frozen=True)
class PresentedCertificate:
    """A client certificate; the client proved in TLS, to the proxy, that it has the private key."""

    certificate: x509.Certificate
    # `x5t#S256` (RFC 8705 §3.1).
    thumbprint: str


class ClientCertificates:
    """Reads the proxy's header and verifies certificates."""

    def __init__(self, settings: Settings, clock: Clock, keys: ClientKeySets) -> None:
        self._clock, self._keys = clock, keys
        # Without a trusted proxy in front any client could send the header.
        self.header = settings.client_certificate_header if settings.trusted_proxies else ""
        path = settings.client_certificate_authorities
        self._authorities = read_authorities(path, clock.now()) if path else []

    @property
    def methods(self) -> tuple[str, ...]:
        """The authentication methods that work with the current settings."""
        if not self.header:
            return ()
        with_authority = ("tls_client_auth",) if self._authorities else ()
        return (*with_authority, "self_signed_tls_client_auth")

    def read(self, header: str | None) -> PresentedCertificate | None:
        """Return the certificate in the proxy's header, or None where it holds none that can be read."""
        if not self.header or header is None or header.strip() in _NONE:
            return None
        try:
            certificate = x509.load_der_x509_certificate(_der(header))
        except (ValueError, binascii.Error):
            _log.warning("client_certificate_unreadable", header=self.header, length=len(header))
            return None
        return PresentedCertificate(certificate, _thumbprint(certificate))

    def proves(self, presented: PresentedCertificate | None, client: RegisteredClient) -> bool:
        """Tell whether the certificate is the client's, by its registered method.

        The log says why one is refused; the client is not told.
        """
        reason = self._why_refused(presented, client)
        if reason is not None:
            certificate = presented.certificate if presented else None
            _log.warning(
                "client_certificate_refused",
                client_id=client.id,
                reason=reason,
                subject=certificate.subject.rfc4514_string()[:_SHOWN] if certificate else None,
                issuer=certificate.issuer.rfc4514_string()[:_SHOWN] if certificate else None,
            )
        return reason is None

    def _why_refused(self, presented: PresentedCertificate | None, client: RegisteredClient) -> str | None:
        method, now = client.token_endpoint_auth_method, self._clock.now()
        if method not in self.methods:
            return f"{method} does not work with the current settings"
        if presented is None:
            return f"the proxy passed no certificate in {self.header}"
        certificate = presented.certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return "the certificate has expired, or its time has not come"
        if method == "self_signed_tls_client_auth":
            is_registered = presented.thumbprint in _registered_thumbprints(self._keys.jwks(client))
            return None if is_registered else "the certificate is none of the client's jwks"
        if not certificate_subjects.is_same(client.tls_client_auth_subject_dn, certificate.subject):
            return f"the registered subject is {client.tls_client_auth_subject_dn}"
        return why_not_signed(certificate, self._authorities, now)


def _registered_thumbprints(jwks: Iterable[Mapping[str, object]]) -> set[str]:
    """Return the certificates in a JWK Set (RFC 8705 §2.2.2): whole in `x5c`, or by thumbprint."""
    found: set[str] = set()
    for jwk in jwks:
        chain = jwk.get("x5c")
        thumbprint = jwk.get("x5t#S256")
        if isinstance(thumbprint, str):
            found.add(thumbprint)
        elif isinstance(chain, list) and chain and isinstance(chain[0], str):
            try:
                found.add(_thumbprint(x509.load_der_x509_certificate(base64.b64decode(chain[0]))))
            except (ValueError, binascii.Error):
                continue
    return found


def _der(header: str) -> bytes:
    """Return the certificate in any of the ways that proxies write it.

    RFC 9440 (`:base64:`), PEM escaped as in a URL (nginx), PEM with blanks for line ends (Apache), and
    base64 alone (HAProxy).
    """
    if len(header) > _LONGEST:
        raise ValueError("longer than any certificate")
    text = unquote(header) if "%" in header else header
    for frame in _FRAME:
        text = text.replace(frame, "")
    return base64.b64decode("".join(text.split()).strip(":"), validate=True)


def _thumbprint(certificate: x509.Certificate) -> str:
    return urlsafe_b64encode(certificate.fingerprint(SHA256())).decode()
