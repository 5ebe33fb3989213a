"""Whole addresses of pages, for mails; made from the configured issuer, never from a request."""

from dataclasses import replace
from urllib.parse import urlencode

from identity.config import Settings
from identity.web.continuation import PARAMETER, Continuation, Continuations


class MailLinks:
    """Makes the links that mails carry. Each brings the reader back to the website they came from."""

    def __init__(self, settings: Settings, continuations: Continuations) -> None:
        self._issuer = settings.issuer
        self._continuations = continuations

    def to(self, path: str, continuation: Continuation, **arguments: str) -> str:
        """Return the address of a page, carrying the continuation but no e-mail address."""
        return f"{self._issuer}{path}?{urlencode({**arguments, PARAMETER: self.signed(continuation)})}"

    def signed(self, continuation: Continuation) -> str:
        """Return the continuation as it may travel in a mail."""
        return self._continuations.sign(replace(continuation, login_hint="", reauthenticate=False))
