"""The links that mails carry; made from the configured issuer, never from a request."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from identity.config import Settings
from identity.continuation import PARAMETER, Continuation, Continuations, SignedContinuation
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.secret_keys import SecretKeys
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


STOP_EMAILS = "/stop-emails"
LINK_PATHS = frozenset({*PATHS.values(), STOP_EMAILS})


class MailLinks:
    """Makes whole URLs of pages. Each carries the way back to the website that the reader came from."""

    def __init__(self, settings: Settings, continuations: Continuations) -> None:
        self._issuer = settings.issuer
        self._continuations = continuations

    def to(self, path: str, continuation: Continuation, **arguments: str) -> str:
        """Return the URL of a page, carrying the continuation."""
        return f"{self._issuer}{path}?{urlencode({**arguments, PARAMETER: self._signed(continuation)})}"

    def issue(
        self,
        executor: Executor,
        purpose: Purpose,
        subject: str,
        continuation: Continuation,
        now: datetime,
        lifetime: timedelta | None = None,
    ) -> str:
        """Issue an action link, good once; return its URL, which is a secret.

        It works for its purpose's lifetime unless another is given.
        """
        signed = self._signed(continuation)
        lives = lifetime or purpose.lifetime
        token = ActionLinks(executor).issue_link(purpose, subject, signed, lives, now)
        named = {link_tokens.NAME: link_tokens.name_of(token)}
        return f"{self.to(PATHS[purpose], continuation, **named)}#{token}"

    def to_stop_emails(self, token: str) -> str:
        """Return the URL of the page that stops the mails which strangers ask for (`MailBudget`)."""
        return f"{self._issuer}{STOP_EMAILS}?{link_tokens.NAME}={link_tokens.name_of(token)}#{token}"

    def _signed(self, continuation: Continuation) -> SignedContinuation:
        """Return the continuation without what a mail may not carry or bring back."""
        return self._continuations.sign(replace(continuation, reauthenticate=False))


def stand_in(secret_keys: SecretKeys, made_for: str, key: str) -> str:
    """Return the subject of links and codes that are made and never mailed, so that the work is the same.

    One for each thing that they are made for, as there is with subjects that are mailed.
    """
    return secret_keys.keyed_digest(f"stand-in {made_for}", key)[:32]
