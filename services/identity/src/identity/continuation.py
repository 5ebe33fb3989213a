"""Where a resident was going when a journey began: signed, and carried in URLs, mailed links and stored rows.

Journeys and the provider hand over by it and in no other way. It does not expire, so that a link that did
still leads back to the city's website.
"""

from dataclasses import asdict, dataclass, fields
from typing import NewType

from itsdangerous import BadSignature, URLSafeSerializer

from identity.secret_keys import SecretKeys

PARAMETER = "continue"

# The signed text of a continuation, URL-safe. Trusted only after `Continuations.read`.
SignedContinuation = NewType("SignedContinuation", str)


@dataclass(frozen=True)
class Continuation:
    """Where a journey began and where it ends. It stands in URLs: no personal data."""

    # A path of this service, such as `/authorize/resume/…`; the page there answers for a late return.
    path: str = "/profile"
    # The client that sent the resident: the pages' name, colours and way back. Empty without one.
    client_id: str = ""
    city_id: str = ""
    # The resident authenticates again even in a live session (`prompt=login`, `max_age`).
    reauthenticate: bool = False
    # The page at `path` takes a no: a form with `answer` `no`, after which the client is told.
    declinable: bool = False


_FIELDS = {field.name for field in fields(Continuation)}


class Continuations:
    """Signs continuations and reads them back."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._serializer = URLSafeSerializer(secret_keys.derive("continuation"), salt="continuation")

    def sign(self, continuation: Continuation) -> SignedContinuation:
        """Return the continuation as signed text."""
        signed = self._serializer.dumps({k: v for k, v in asdict(continuation).items() if v})
        return SignedContinuation(signed if isinstance(signed, str) else signed.decode())

    def read(self, signed: SignedContinuation | None) -> Continuation:
        """Verify and return a continuation; a missing or tampered one is read as the empty continuation.

        Fields unknown to this release are left out: two releases may run side by side.
        """
        try:
            signed_fields = self._serializer.loads(signed or "")
        except BadSignature:
            return Continuation()
        return Continuation(**{name: value for name, value in signed_fields.items() if name in _FIELDS})
