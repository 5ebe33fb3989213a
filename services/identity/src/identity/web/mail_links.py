"""The links that mails carry; made from the configured issuer, never from a request."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from identity.config import Settings
from identity.continuation import PARAMETER, Continuation, Continuations, SignedContinuation
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.storage import Executor
from identity.web import link_tokens

# The page that each action link opens.
PATHS = {
    Purpose.VERIFY_REGISTRATION: "/verify-registration",
    Purpose.VERIFY_FEDERATION: "/sign-in/verify-email",
    Purpose.RESET_PASSWORD: "/reset-password",
    Purpose.UNLOCK: "/unlock",
    Purpose.REPORT_SIGN_IN: "/report-sign-in",
}


LINK_PATHS = frozenset(PATHS.values())


class MailLinks:
    """Makes whole URLs of pages. Each carries the way back to the website that the reader came from."""

    def __init__(self, settings: Settings, continuations: Continuations) -> None:
        self._issuer = settings.issuer
        self._continuations = continuations

    def to(self, path: str, continuation: Continuation, **arguments: str) -> str:
        """Return the URL of a page, carrying the continuation."""
        return f"{self._issuer}{path}?{urlencode({**arguments, PARAMETER: self._signed(continuation)})}"

    def issue(
        self, executor: Executor, purpose: Purpose, subject: str, continuation: Continuation, now: datetime
    ) -> str:
        """Issue an action link, good once and for the purpose's lifetime; return its URL, which is a secret.

        The open link of the same purpose and subject is replaced.
        """
        signed = self._signed(continuation)
        token = ActionLinks(executor).issue_link(purpose, subject, signed, purpose.lifetime, now)
        named = {link_tokens.NAME: link_tokens.name_of(token)}
        return f"{self.to(PATHS[purpose], continuation, **named)}#{token}"

    def _signed(self, continuation: Continuation) -> SignedContinuation:
        """Return the continuation without what a mail may not carry or bring back."""
        return self._continuations.sign(replace(continuation, reauthenticate=False))
