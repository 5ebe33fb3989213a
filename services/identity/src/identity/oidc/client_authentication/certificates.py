"""Client certificates behind a trusted proxy (RFC 8705): the proxy ends TLS and passes the certificate on.

`tls_client_auth` counts only for certificates that a configured authority signed, checked here too: a proxy
that accepts self-signed certificates passes any certificate on.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError
from joserfc.util import urlsafe_b64encode

from identity.clock import Clock
from identity.config import Settings
from identity.errors import SettingsError
from identity.oidc.client_authentication.key_sets import ClientKeySets
from identity.relying_parties import certificate_subjects
from identity.relying_parties.clients import RegisteredClient

_LONGEST = 16 * 1024
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
        self._authorities = _authorities(settings.client_certificate_authorities) if self.header else []

    @property
    def methods(self) -> tuple[str, ...]:
        """The authentication methods that work with the current settings."""
        if not self.header:
            return ()
        with_authority = ("tls_client_auth",) if self._authorities else ()
        return (*with_authority, "self_signed_tls_client_auth")

    def read(self, header: str | None) -> PresentedCertificate | None:
        """Return the certificate in the proxy's header, or None where it holds none that can be read."""
        if not self.header or not header or len(header) > _LONGEST:
            return None
        try:
            certificate = x509.load_der_x509_certificate(_der(header))
        except (ValueError, binascii.Error):
            return None
        return PresentedCertificate(certificate, _thumbprint(certificate))

    def proves(self, presented: PresentedCertificate, client: RegisteredClient) -> bool:
        """Tell whether the certificate is the client's, by its registered method."""
        method, certificate, now = client.token_endpoint_auth_method, presented.certificate, self._clock.now()
        if method not in self.methods:
            return False
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        if method == "self_signed_tls_client_auth":
            return presented.thumbprint in _registered_thumbprints(self._keys.jwks(client))
        is_named = certificate_subjects.is_same(client.tls_client_auth_subject_dn, certificate.subject)
        return is_named and self._is_of_authority(certificate)

    def _is_of_authority(self, certificate: x509.Certificate) -> bool:
        # The subject counts; the extensions of a website's certificate are not required.
        verifier = (
            PolicyBuilder()
            .store(Store(self._authorities))
            .time(self._clock.now())
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
            )
            .build_client_verifier()
        )
        try:
            verifier.verify(certificate, [])
        except (VerificationError, ValueError):
            return False
        return True


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
    text = unquote(header) if "%" in header else header
    for frame in _FRAME:
        text = text.replace(frame, "")
    return base64.b64decode("".join(text.split()).strip(":"), validate=True)


def _thumbprint(certificate: x509.Certificate) -> str:
    return urlsafe_b64encode(certificate.fingerprint(SHA256())).decode()


def _authorities(path: str) -> list[x509.Certificate]:
    if not path:
        return []
    try:
        return x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES: cannot be read ({type(error).__name__})"
        ) from None
