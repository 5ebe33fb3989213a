"""The page-state cookie: what pages remember of a browser until it is closed, readable by this service alone.

It holds what was typed last, messages for the next page, tokens of opened links and the protection against
cross-site request forgery. Flask signs such a cookie; a copy of it would show the address of the person at
the computer. So it is encrypted.
"""

from typing import Any

from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from identity.secret_keys import DecryptionError, SecretKeys


class SealedCookies(SecureCookieSessionInterface):
    """Flask's sessions in a cookie, encrypted with the service's keys (`SecretKeys`)."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._cipher = _Cipher(secret_keys)

    def get_signing_serializer(self, app: Flask) -> Any:  # noqa: ANN401, ARG002 - Flask's signature
        """Return what makes the cookie's value and reads it."""
        return self._cipher


class _Cipher:
    """Has the methods of an itsdangerous serializer that Flask calls."""

    _json = TaggedJSONSerializer()

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._secret_keys = secret_keys

    def dumps(self, state: dict[str, Any]) -> str:
        return self._secret_keys.encrypt(self._json.dumps(state))

    def loads(self, value: str, max_age: int | None = None) -> Any:  # noqa: ANN401, ARG002 - as above; the browser forgets it
        try:
            return self._json.loads(self._secret_keys.decrypt(value))
        except DecryptionError:
            raise BadSignature("no key decrypts it") from None
