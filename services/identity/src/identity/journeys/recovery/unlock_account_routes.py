"""The page "Unlock account", behind the mailed link."""

from flask import Blueprint, Response, flash
from flask_babel import gettext

from identity.continuation import Continuation
from identity.journeys.recovery.unlock_account import UnlockAccount, Unlocking
from identity.rate_limits.limiter import Action, RateLimiter
from identity.web import link_tokens, messages, typed_email
from identity.web.csrf import Csrf
from identity.web.pages import Pages
from identity.web.visitor import current_visitor


class UnlockPages:
    """The page of the link: a button (GET changes nothing), and what it does (POST)."""

    def __init__(self, pages: Pages, csrf: Csrf, rate_limiter: RateLimiter, unlock: UnlockAccount) -> None:
        self._pages = pages
        self._csrf = csrf
        self._rate_limiter = rate_limiter
        self._unlock = unlock

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("unlock", __name__)
        blueprint.get("/unlock")(self.show)
        blueprint.post("/unlock", endpoint="submit")(self.submit)
        # The same page with a new token: it has no field to fill in again.
        self._csrf.when_expired("unlock.submit", self.show)
        return blueprint

    def show(self) -> Response:
        """Show the button."""
        link = self._unlock.find_link(link_tokens.current())
        if link.unlocking is not Unlocking.READY:
            return self._failed(link.continuation)
        return self._pages.render("recovery/unlock.html", self._way_on(link.continuation))

    def submit(self) -> Response:
        """Unlock."""
        visitor = current_visitor()
        if seconds := self._rate_limiter.network_waits(Action.PROOF, visitor.ip_address):
            return self._pages.render(
                "recovery/unlock.html",
                self._pages.continuation(),
                429,
                retry_after=seconds,
                failure=messages.too_many_requests(seconds),
            )
        done = self._unlock.unlock(link_tokens.current(), visitor)
        way_on = self._way_on(done.continuation)
        if done.email:
            typed_email.remember(done.email)
        match done.unlocking:
            case Unlocking.UNLOCKED:
                flash(
                    gettext("Account successfully unlocked!")
                    + "\n"
                    + gettext("You can log in using your existing username and password."),
                    "success",
                )
                return self._pages.see_other("/sign-in", way_on, show="form")
            case Unlocking.NEEDS_NEW_PASSWORD:
                flash(gettext("There were so many attempts that you need a new password."), "warning")
                return self._pages.see_other("/forgot-password", way_on)
        return self._failed(done.continuation)

    def _failed(self, continuation: Continuation | None) -> Response:
        return self._pages.render("recovery/unlock_link_invalid.html", self._way_on(continuation), 400)

    def _way_on(self, mailed: Continuation | None) -> Continuation:
        """Return where the resident was going when they asked for the mail, in any browser."""
        return mailed or self._pages.continuation()
