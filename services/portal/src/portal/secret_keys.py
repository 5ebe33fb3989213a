"""Secrets derived from the service's one configured key: sealing what must be read back, and signing cookies.

Each purpose gets a key of its own (HKDF, RFC 5869), so that what leaks of one serves no other. The first
configured key seals; every configured key opens, which is how keys are replaced without downtime.
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBrokenError(Exception):
    """A sealed value does not open: another key, another purpose, another owner, or too old."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hex: what is stored instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Keyring:
    """The service's configured keys, newest first, each of at least 32 characters."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)

    def seal(self, purpose: str, owner: str, values: dict[str, object], *, now: int) -> str:
        """Encrypt values for one purpose and one owner (AES-128-CBC, HMAC-SHA256); `now` in Unix seconds."""
        plain = json.dumps({"owner": owner, "values": values}).encode()
        return self._sealer(purpose).encrypt_at_time(plain, now).decode()

    def open(
        self, purpose: str, owner: str, sealed: str, *, now: int, lifetime: int | None = None
    ) -> dict[str, object]:
        """Decrypt what `seal` returned; raises `SealBrokenError`. `lifetime` in seconds, None: any."""
        sealer = self._sealer(purpose)
        try:
            plain = (
                sealer.decrypt(sealed.encode())
                if lifetime is None
                else sealer.decrypt_at_time(sealed.encode(), lifetime, now)
            )
        except InvalidToken:
            raise SealBrokenError from None
        opened = json.loads(plain)
        if opened["owner"] != owner:
            raise SealBrokenError
        values: dict[str, object] = opened["values"]
        return values

    def signing_keys(self, purpose: str) -> list[str]:
        """Return the keys for signing cookies of this purpose, newest first, as text."""
        return [base64.urlsafe_b64encode(_derive(key, purpose)).decode() for key in self._keys]

    def _sealer(self, purpose: str) -> MultiFernet:
        return MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(k, f"seal {purpose}"))) for k in self._keys]
        )


def _derive(key: str, purpose: str) -> bytes:
    info = f"community-access portal {purpose}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(key.encode())
