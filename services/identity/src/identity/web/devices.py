"""Browsers in which a resident has signed in before, where a stranger's failures do not lock them out.

OWASP's "device cookie": signed, bound to the addresses that signed in with it (as keyed digests), and no
proof of being signed in. Each address stands there with its resident's generation of devices: a reset of the
password begins another, and no browser of an earlier one is known then.
"""

from collections.abc import Callable, Mapping

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer

from identity import randomness
from identity.secret_keys import SecretKeys
from identity.web.cookies import Cookies

_COOKIE = "device"
_LIFETIME = 400 * 24 * 60 * 60  # the longest that browsers keep a cookie
_HOUSEHOLD = 5
_DIGEST_LENGTH = 22


class Devices:
    """Recognises this browser, and records the addresses that signed in with it."""

    def __init__(self, cookies: Cookies, secret_keys: SecretKeys) -> None:
        self._cookies = cookies
        self._secret_keys = secret_keys
        self._serializer = URLSafeSerializer(secret_keys.derive("device"), salt="device")

    def known_for(self, email_key: str) -> str | None:
        """Return this browser's identifier if this address has signed in with it before, else None."""
        return self.known_by(request.cookies, email_key)

    def known_by(self, cookies: Mapping[str, str], email_key: str) -> str | None:
        """Return the same from the cookies of any request, by their full names."""
        device, addresses = self._read(cookies)
        return device if device and any(each in addresses for each in self._digests(email_key)) else None

    def are_named_by(self, cookies: Mapping[str, str]) -> bool:
        """Tell whether these cookies name a device, rightly or not."""
        return self._cookies.full_name(_COOKIE) in cookies

    def generations(self) -> Callable[[str], int | None]:
        """Return a function from an address to the generation with which it stands in this browser."""
        _, addresses = self._read(request.cookies)

        def generation_of(email_key: str) -> int | None:
            known = (addresses[each] for each in self._digests(email_key) if each in addresses)
            return next(known, None)

        return generation_of

    def remember(self, response: Response, email_key: str, generation: int) -> None:
        """Record that this address has just signed in with this browser."""
        device, addresses = self._read(request.cookies)
        own = self._digests(email_key)
        others = [(each, known) for each, known in addresses.items() if each not in own]
        household = dict([(own[0], generation), *others][:_HOUSEHOLD])
        signed = self._serializer.dumps({"id": device or randomness.identifier(), "for": household})
        text = signed if isinstance(signed, str) else signed.decode()
        self._cookies.set(response, _COOKIE, text, _LIFETIME)

    def _read(self, cookies: Mapping[str, str]) -> tuple[str, dict[str, int]]:
        text = cookies.get(self._cookies.full_name(_COOKIE))
        if not text:
            return "", {}
        try:
            content = self._serializer.loads(text)
        except BadSignature:
            return "", {}
        # A list in cookies of the release before, which begins no generations.
        known = content["for"]
        addresses = known if isinstance(known, dict) else dict.fromkeys(known, 0)
        return str(content["id"]), {str(digest): int(number) for digest, number in addresses.items()}

    def _digests(self, email_key: str) -> list[str]:
        """Return the digests of the address, of the newest key first."""
        digests = self._secret_keys.keyed_digests("device", email_key)
        return [each[:_DIGEST_LENGTH] for each in digests]
