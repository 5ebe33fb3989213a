"""The page "Stop these emails", behind the link in the mails."""

from flask import Blueprint, Response, request

from identity.journeys.recovery.stop_emails import InvalidStopLink, StopEmails
from identity.mail.rendering import masked
from identity.rate_limits.limiter import Action, RateLimiter
from identity.rate_limits.mail_budget import STOPPED_FOR, StopLink
from identity.web import link_tokens, messages
from identity.web.csrf import Csrf
from identity.web.mail_links import STOP_EMAILS
from identity.web.pages import Pages
from identity.web.visitor import current_visitor

RESUME = "resume"


class StopEmailsPages:
    """The page of the link: a button (GET changes nothing), and what it does (POST)."""

    def __init__(self, pages: Pages, csrf: Csrf, rate_limiter: RateLimiter, stop_emails: StopEmails) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._stop_emails = stop_emails

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("stop_emails", __name__)
        blueprint.get(STOP_EMAILS)(self.show)
        blueprint.post(STOP_EMAILS, endpoint="submit")(self.submit)
        # The same page with a new token: it has no field to fill in again.
        self._csrf.when_expired("stop_emails.submit", self.show)
        return blueprint

    def show(self) -> Response:
        """Show the button."""
        return self._render(self._stop_emails.find_link(link_tokens.current()))

    def submit(self) -> Response:
        """Stop, or resume."""
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            link = self._stop_emails.find_link(link_tokens.current())
            return self._render(link, 429, messages.too_many_requests(seconds), seconds)
        verb = self._stop_emails.resume if request.form.get("action") == RESUME else self._stop_emails.stop
        return self._render(verb(link_tokens.current(), visitor), is_done=True)

    def _render(
        self,
        link: StopLink | InvalidStopLink,
        status: int = 200,
        failure: str = "",
        retry_after: int = 0,
        *,
        is_done: bool = False,
    ) -> Response:
        continuation = self._pages.continuation()
        if isinstance(link, InvalidStopLink):
            return self._pages.render("recovery/stop_emails_link_invalid.html", continuation, 400)
        return self._pages.render(
            "recovery/stop_emails.html",
            continuation,
            status,
            retry_after=retry_after,
            address=masked(link.address_key),
            days=STOPPED_FOR.days,
            stopped_until=link.stopped_until,
            failure=failure,
            is_done=is_done,
        )
