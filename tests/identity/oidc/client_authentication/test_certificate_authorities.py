"""Authorities of client certificates: one that can verify nothing stops the start, and says why."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from identity.errors import SettingsError
from identity.oidc.client_authentication.certificate_authorities import read_authorities, why_not_signed
from identity.relying_parties import certificate_subjects

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[4]
IS_AUTHORITY = (x509.BasicConstraints(ca=True, path_length=None), True)
_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "encipher_only", "decipher_only", "key_cert_sign", "crl_sign"),
)


def usage(**uses: bool) -> tuple[x509.KeyUsage, bool]:
    return x509.KeyUsage(**(dict.fromkeys(_USES, False) | uses)), True


SIGNS = usage(key_cert_sign=True)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def made(key: Any, extensions: Extensions = (IS_AUTHORITY, SIGNS), **changes: Any) -> x509.Certificate:
    """Return a certificate of the key, signed by itself unless another key is named."""
    name = x509.Name.from_rfc4514_string(changes.get("subject", "CN=Authority"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name.from_rfc4514_string("CN=Authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(changes.get("begins", NOW - DAY))
        .not_valid_after(changes.get("ends", NOW + DAY))
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    signer = changes.get("by", key)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm)


def written(directory: Path, *certificates: x509.Certificate) -> str:
    file = directory / "authorities.pem"
    file.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))
    return str(file)


def refused(path: str) -> str:
    with pytest.raises(SettingsError) as error:
        read_authorities(path, NOW)
    assert str(error.value).startswith(f"IDENTITY_CLIENT_CERTIFICATE_AUTHORITIES: {path}") or (
        f" of {path} " in str(error.value)
    )
    return str(error.value)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([IS_AUTHORITY], "has no keyUsage"),
        ([IS_AUTHORITY, usage(crl_sign=True)], "has no keyCertSign"),
        ([SIGNS], "has no basicConstraints"),
        ([(x509.BasicConstraints(ca=False, path_length=None), True), SIGNS], "CA:FALSE"),
        ([(x509.BasicConstraints(ca=True, path_length=None), False), SIGNS], "criticality"),
        (
            [
                IS_AUTHORITY,
                SIGNS,
                (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ],
            "EKU",
        ),
        (
            [
                IS_AUTHORITY,
                SIGNS,
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
            ],
            "critical extensions",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_authority_that_may_not_sign(tmp_path: Path, key: Any, extensions: Extensions, reason: str):
    words = refused(written(tmp_path, made(key, extensions)))
    assert reason in words
    assert "certificate 1 of" in words
    assert "(CN=Authority)" in words
    assert "docs/clients.md" in words


def test_an_authority_that_has_expired(tmp_path: Path, key: Any):
    old = made(key, begins=NOW - 3 * DAY, ends=NOW - DAY)
    assert "expired at 2026-11-22 15:00 UTC" in refused(written(tmp_path, made(key), old))
    # A successor may be put beside it before its time.
    assert len(read_authorities(written(tmp_path, made(key, begins=NOW + DAY, ends=NOW + 2 * DAY)), NOW)) == 1


@pytest.mark.parametrize(
    ("weak", "reason"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA key is too weak"),  # noqa: S505 - refused for this
        (ec.generate_private_key(ec.SECP224R1()), "public key algorithm"),
        (ed25519.Ed25519PrivateKey.generate(), "public key algorithm"),
    ],
    ids=["rsa-1024", "p-224", "ed25519"],
)
def test_an_authority_with_a_key_that_is_not_accepted(tmp_path: Path, weak: Any, reason: str):
    assert reason in refused(written(tmp_path, made(weak)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no certificate in PEM, but something else"),
        (b"\x30\x82\x01", "holds no certificate in PEM, but something else"),
        (b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "but a private key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged"),
    ],
    ids=["empty", "der", "key", "damaged"],
)
def test_a_file_without_a_certificate(tmp_path: Path, content: bytes, reason: str):
    file = tmp_path / "authorities.pem"
    file.write_bytes(content)
    assert reason in refused(str(file))


@pytest.mark.parametrize("path", ["/does/not/exist.pem", "/"])
def test_a_file_that_cannot_be_read(path: str):
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    "sound",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["p-256", "p-521", "rsa-2048"],
)
def test_a_sound_authority_verifies_what_it_signed_and_nothing_else(tmp_path: Path, sound: Any, key: Any):
    authorities = read_authorities(written(tmp_path, made(sound)), NOW)
    not_authority = [(x509.BasicConstraints(ca=False, path_length=None), True)]
    signed = made(key, not_authority, by=sound, subject="CN=website")
    assert why_not_signed(signed, authorities, NOW) is None
    forged = made(key, not_authority, subject="CN=website")
    assert "signature" in str(why_not_signed(forged, authorities, NOW))


def in_a_shell(commands: str, directory: Path) -> str:
    done = subprocess.run(  # noqa: S603 - commands of our own document
        ["/bin/sh", "-ec", commands], cwd=directory, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")


@needs_openssl
def test_the_commands_of_the_document_make_certificates_that_work(tmp_path: Path):
    text = (ROOT / "docs" / "clients.md").read_text()
    [commands] = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "openssl" in block]
    printed = in_a_shell(commands, tmp_path)
    now = datetime.now(UTC)
    authorities = read_authorities(str(tmp_path / "authority.pem"), now)
    website = x509.load_pem_x509_certificate((tmp_path / "website.pem").read_bytes())
    assert why_not_signed(website, authorities, now) is None
    subject = printed.strip().splitlines()[-1].removeprefix("subject=").strip()
    assert certificate_subjects.problem_with(subject) is None
    assert certificate_subjects.is_same(subject, website.subject)


@needs_openssl
def test_the_defaults_of_openssl_are_refused_with_what_they_lack(tmp_path: Path):
    in_a_shell(
        """
        printf '[req]\\ndistinguished_name = name\\n[name]\\n' > cnf
        openssl req -config cnf -new -newkey rsa:2048 -nodes -subj /CN=Authority -keyout key -out csr
        openssl x509 -req -in csr -signkey key -days 9 -out version1.pem
        openssl req -config cnf -x509 -key key -subj /CN=Authority -days 9 -out default.pem \
            -addext "basicConstraints = critical,CA:TRUE"
        """,
        tmp_path,
    )
    for file, reason in (("version1.pem", "X.509 version 1"), ("default.pem", "has no keyUsage")):
        with pytest.raises(SettingsError, match=reason):
            read_authorities(str(tmp_path / file), datetime.now(UTC))
