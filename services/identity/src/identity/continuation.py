"""Where a resident was going when they were asked to sign in: signed, carried in URLs and mailed links.

The one way in which journeys and the provider hand over. It survives its own expiry: what it was signed over
can still be read, so that nobody ends on a page without a way back to the city's site.
"""

from dataclasses import asdict, dataclass, fields

from itsdangerous import BadSignature, URLSafeSerializer

from identity.secret_keys import SecretKeys

PARAMETER = "continue"


@dataclass(frozen=True)
class Continuation:
    """What a journey needs to know of its origin, and the path where it ends."""

    # A path of this service, such as `/authorize/resume/…`; decides by itself what happens when it comes
    # too late.
    path: str = "/profile"
    # Whose client asked: the page's name, colours and way back. Empty when the resident came by themselves.
    client_id: str = ""
    city_id: str = ""
    # A prefilled e-mail address (`login_hint`).
    login_hint: str = ""
    # The resident proves again who they are, even where a session is live (`prompt=login`, `max_age`).
    reauthenticate: bool = False


_FIELDS = {field.name for field in fields(Continuation)}


class Continuations:
    """Signs continuations and reads them back."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._serializer = URLSafeSerializer(secret_keys.derive("continuation"), salt="continuation")

    def sign(self, continuation: Continuation) -> str:
        """Return the continuation as URL-safe text."""
        signed = self._serializer.dumps({k: v for k, v in asdict(continuation).items() if v})
        return signed if isinstance(signed, str) else signed.decode()

    def read(self, signed: str | None) -> Continuation:
        """Return what was signed; an empty, foreign or tampered value means the resident came by themselves.

        Fields this release does not know are left out: two releases may run side by side.
        """
        try:
            signed_fields = self._serializer.loads(signed or "")
        except BadSignature:
            return Continuation()
        return Continuation(**{name: value for name, value in signed_fields.items() if name in _FIELDS})
