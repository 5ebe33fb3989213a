"""The authorities of `tls_client_auth` (RFC 8705 §2.1): read at the start, and what they sign.

The verifier asks of an authority what browsers ask of theirs (CA/Browser Forum Baseline Requirements), and of
a client's certificate its signature and times alone: the subject counts, not a website's extensions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from identity.errors import SettingsError

SETTING = "IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES"
_HELP = "docs/clients.md has openssl commands that work"
# What the verifier says of a certificate whose authority is sound and did not sign it.
_NOT_ITS_SIGNATURE = "signature does not match"


def read_authorities(path: str, now: datetime) -> list[x509.Certificate]:
    """Return the authorities in a PEM file, which are sound at this time.

    Raises `SettingsError`, which names the setting, the first certificate that cannot verify any other, and
    the reason.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{SETTING}: {path} cannot be read ({type(error).__name__})") from None
    if b"-----BEGIN CERTIFICATE-----" not in content:
        found = "a private key" if b"PRIVATE KEY-----" in content else "something else"
        raise SettingsError(f"{SETTING}: {path} holds no certificate in PEM, but {found}; {_HELP}")
    try:
        authorities = x509.load_pem_x509_certificates(content)
    except ValueError:
        raise SettingsError(f"{SETTING}: {path} holds a certificate that is damaged; {_HELP}") from None
    for number, authority in enumerate(authorities, start=1):
        if problem := problem_with_authority(authority, now):
            named = f"certificate {number} of {path} ({authority.subject.rfc4514_string()[:200]})"
            raise SettingsError(
                f"{SETTING}: {named} can verify no client's certificate: it {problem}; {_HELP}"
            )
    return authorities


def problem_with_authority(authority: x509.Certificate, now: datetime) -> str | None:
    """Return why no certificate can ever be verified with this authority, in an operator's words, or None.

    An authority whose time has not come yet has no problem.
    """
    if authority.not_valid_after_utc < now:
        return f"expired at {authority.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if authority.version is not x509.Version.v3:
        return "is of X.509 version 1: it needs version 3, with basicConstraints and keyUsage"
    # The verifier is the judge: a sound authority fails by the signature alone, which is not its own.
    begins = max(now, authority.not_valid_before_utc)
    reason = why_not_signed(_signed_by_another(authority.subject, begins), [authority], begins)
    if reason is None or _NOT_ITS_SIGNATURE in reason:
        return None
    return _in_our_words(authority) or f"is refused by the verifier: {reason}"


def why_not_signed(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate], now: datetime
) -> str | None:
    """Return why none of the authorities vouches for the certificate now, or None where one does."""
    if not authorities:
        return "no authority is configured"
    verifier = (
        PolicyBuilder()
        .store(Store(list(authorities)))
        .time(now)
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, [])
    except (VerificationError, ValueError) as error:
        return str(error).partition(" (encountered processing")[0][:300]
    return None


def _in_our_words(authority: x509.Certificate) -> str | None:
    extensions = authority.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return "is no authority (basicConstraints CA:FALSE)"
    except x509.ExtensionNotFound:
        return "has no basicConstraints: it needs basicConstraints=critical,CA:TRUE"
    try:
        if not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
            return "may not sign certificates: its keyUsage has no keyCertSign"
    except x509.ExtensionNotFound:
        return "has no keyUsage: it needs keyUsage=critical,keyCertSign,cRLSign"
    return None


def _signed_by_another(issuer: x509.Name, begins: datetime) -> x509.Certificate:
    """Return a certificate that names the issuer and is not signed by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - timedelta(minutes=1))
        .not_valid_after(begins + timedelta(minutes=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
