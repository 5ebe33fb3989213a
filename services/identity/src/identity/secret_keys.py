"""Secrets derived from the service's configured keys: sealing what must be read back, keyed digests, signing.

Each purpose gets a key of its own (HKDF, RFC 5869), so that what leaks of one serves no other. The first
configured key seals; every configured key opens, which is how keys are replaced without downtime.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBrokenError(Exception):
    """A sealed value does not open with any configured key."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hex, to be stored instead. Never for passwords or codes."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Keyring:
    """The service's configured keys, newest first, each of at least 32 characters."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._sealer = MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, "seal"))) for key in keys])
        self._digest_key = _derive(self._keys[-1], "digest")

    def seal(self, plain: str) -> str:
        """Encrypt a value so that only a holder of the keys can read it (AES-128-CBC with HMAC-SHA256)."""
        return self._sealer.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` returned; raises `SealBrokenError`."""
        try:
            return self._sealer.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealBrokenError from None

    def keyed_digest(self, purpose: str, value: str) -> str:
        """Return an HMAC-SHA256 in hex: for values too short to hash openly, such as codes and addresses.

        Made with the oldest configured key, so that it stays the same while a newer key is rolled in.
        """
        return hmac.new(self._digest_key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()

    def signing_keys(self, purpose: str) -> list[bytes]:
        """Return the keys for signing URLs and cookies of this purpose, oldest first, as for itsdangerous."""
        return [_derive(key, purpose) for key in reversed(self._keys)]


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"community-access {purpose}".encode()).derive(
        key.encode()
    )
