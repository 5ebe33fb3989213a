"""Keys derived from the configured ones: encryption of what must be read back, and the signing of cookies.

Each purpose gets a key of its own (HKDF, RFC 5869), so that a leaked one serves no other. The first
configured key encrypts; every configured key decrypts, so that keys are replaced without downtime.
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LABEL = "community-access portal"


class DecryptionError(Exception):
    """No configured key decrypts the value, or it is of another purpose or owner, or too old."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hex, to be stored instead. Never for passwords or codes."""
    return hashlib.sha256(secret.encode()).hexdigest()


class SecretKeys:
    """The service's configured keys, newest first, each of at least 32 characters."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._ciphers: dict[str, MultiFernet] = {}

    def encrypt(self, purpose: str, owner: str, values: dict[str, object], *, now: int) -> str:
        """Encrypt values for one purpose and one owner (AES-128-CBC, HMAC-SHA256); `now` in Unix seconds."""
        plain = json.dumps({"owner": owner, "values": values}).encode()
        return self._cipher(purpose).encrypt_at_time(plain, now).decode()

    def decrypt(
        self, purpose: str, owner: str, encrypted: str, *, now: int, lifetime: int | None = None
    ) -> dict[str, object]:
        """Decrypt what `encrypt` returned; raises `DecryptionError`. `lifetime` in seconds, None: any."""
        cipher = self._cipher(purpose)
        try:
            plain = (
                cipher.decrypt(encrypted.encode())
                if lifetime is None
                else cipher.decrypt_at_time(encrypted.encode(), lifetime, now)
            )
        except InvalidToken:
            raise DecryptionError from None
        decrypted = json.loads(plain)
        if decrypted["owner"] != owner:
            raise DecryptionError
        values: dict[str, object] = decrypted["values"]
        return values

    def derive(self, purpose: str) -> list[bytes]:
        """Return the keys for signing URLs and cookies of this purpose, oldest first, as for itsdangerous."""
        return [_derive(key, purpose) for key in reversed(self._keys)]

    def _cipher(self, purpose: str) -> MultiFernet:
        if purpose not in self._ciphers:
            keys = (_derive(key, f"seal {purpose}") for key in self._keys)
            self._ciphers[purpose] = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        return self._ciphers[purpose]


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"{_LABEL} {purpose}".encode()).derive(key.encode())
