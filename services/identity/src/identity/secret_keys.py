"""Keys derived from the configured ones: encryption of what must be read back, keyed digests, signing.

Each purpose gets a key of its own (HKDF, RFC 5869), so that a leaked one serves no other. The first
configured key encrypts; every configured key decrypts, so that keys are replaced without downtime.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LABEL = "community-access"


class DecryptionError(Exception):
    """No configured key decrypts the value."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hex, to be stored instead. Never for passwords or codes."""
    return hashlib.sha256(secret.encode()).hexdigest()


class SecretKeys:
    """The service's configured keys, newest first, each of at least 32 characters."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._cipher = MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, "seal"))) for key in keys])
        self._digest_key = _derive(self._keys[-1], "digest")

    def encrypt(self, plain: str) -> str:
        """Encrypt a value so that only a holder of the keys can read it (AES-128-CBC with HMAC-SHA256)."""
        return self._cipher.encrypt(plain.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Decrypt what `encrypt` returned; raises `DecryptionError`."""
        try:
            return self._cipher.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise DecryptionError from None

    def keyed_digest(self, purpose: str, value: str) -> str:
        """Return an HMAC-SHA256 in hex: for values too short to hash openly, such as codes and addresses.

        Made with the oldest configured key, so that it stays the same while a newer key is rolled in.
        """
        return hmac.new(self._digest_key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()

    def derive(self, purpose: str) -> list[bytes]:
        """Return the keys for signing URLs and cookies of this purpose, oldest first, as for itsdangerous."""
        return [_derive(key, purpose) for key in reversed(self._keys)]


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"{_LABEL} {purpose}".encode()).derive(key.encode())
