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
_ID_LENGTH = 8


class DecryptionError(Exception):
    """No configured key decrypts the value."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hex, to be stored instead. Never for passwords or codes."""
    return hashlib.sha256(secret.encode()).hexdigest()


class SecretKeys:
    """The service's configured keys, newest first, each of at least 32 characters."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._ciphers = [Fernet(base64.urlsafe_b64encode(_derive(key, "seal"))) for key in keys]
        self._cipher = MultiFernet(self._ciphers)
        self._newest_id = _derive(self._keys[0], "id").hex()[:_ID_LENGTH]
        self._digest_keys = [_derive(key, "digest") for key in keys]

    @property
    def has_older(self) -> bool:
        """Tell whether more than one key is configured: one is being replaced."""
        return len(self._keys) > 1

    @property
    def newest_id(self) -> str:
        """Return the name of the newest key in rows that it made: the same wherever it stands, no secret."""
        return self._newest_id

    def encrypt(self, plain: str) -> str:
        """Encrypt a value so that only a holder of the keys can read it (AES-128-CBC with HMAC-SHA256)."""
        return self._cipher.encrypt(plain.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Decrypt what `encrypt` returned; raises `DecryptionError`."""
        try:
            return self._cipher.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise DecryptionError from None

    def reseal(self, encrypted: str) -> str | None:
        """Encrypt with the newest key what an older one encrypted; None if the newest did, or no key does."""
        newest, *older = self._ciphers
        if not older or _opens(newest, encrypted):
            return None
        try:
            return self._cipher.rotate(encrypted.encode()).decode()
        except InvalidToken:
            return None

    def keyed_digest(self, purpose: str, value: str) -> str:
        """Return an HMAC-SHA256 in hex: for values too short to hash openly, such as codes and addresses.

        Made with the newest key. What is stored may be of an older one: look it up by `keyed_digests`.
        """
        return _keyed_digest(self._digest_keys[0], purpose, value)

    def keyed_digests(self, purpose: str, value: str) -> list[str]:
        """Return the same digest under every configured key, the newest first."""
        return [_keyed_digest(key, purpose, value) for key in self._digest_keys]

    def is_digest_of(self, stored: str, purpose: str, value: str) -> bool:
        """Tell whether a stored digest is the value's under a configured key."""
        digests = self.keyed_digests(purpose, value)
        return any(hmac.compare_digest(stored, each) for each in digests)

    def derive(self, purpose: str) -> list[bytes]:
        """Return the keys for signing URLs and cookies of this purpose, oldest first, as for itsdangerous."""
        return [_derive(key, purpose) for key in reversed(self._keys)]


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"{_LABEL} {purpose}".encode()).derive(key.encode())


def _keyed_digest(key: bytes, purpose: str, value: str) -> str:
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def _opens(cipher: Fernet, encrypted: str) -> bool:
    try:
        cipher.decrypt(encrypted.encode())
    except InvalidToken:
        return False
    return True
