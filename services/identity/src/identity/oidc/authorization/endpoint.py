"""The authorization endpoint: a request is decided here, before anything is prepared for a page.

Most browsers that come have a session, and go back to the client at once: that costs two statements and no
page (docs/decisions/0078). What needs a page goes on, decided, to the page of the same path (`routes.py`), so
that nothing is read, counted or spent twice.
"""

from dataclasses import dataclass
from typing import TypeVar

from werkzeug.wrappers import Request, Response

from identity import randomness
from identity.clock import Clock
from identity.oidc.authorization import redirect_loops
from identity.oidc.authorization.decision import Answered, Authorization, Outcome
from identity.oidc.authorization.query import read_query
from identity.oidc.authorization.redirect_loops import LoopCounter
from identity.oidc.authorization.store import StoredInteraction
from identity.oidc.protocol.parameters import Parameters
from identity.web.cookies import Cookies
from identity.web.current_session import CurrentSession
from identity.web.language import PARAMETER as LANGUAGE_PARAMETER
from identity.web.responses import see_other

R = TypeVar("R", bound=Response)

BROWSER_COOKIE = "browser"
_DECIDED = "identity.authorization"
# A choice of language, which pages keep.
_LANGUAGE_CHOICE = f"{LANGUAGE_PARAMETER}="


@dataclass(frozen=True)
class Decided:
    """What was decided on a request. May hold secrets: the code, the browser's."""

    # A stored request is one that came without cookies.
    outcome: Outcome | StoredInteraction
    # For the cookie of a browser that had none.
    new_browser_secret: str | None = None
    # Of a browser that is answered without a page.
    loop_counter: LoopCounter | None = None

    @property
    def is_loop(self) -> bool:
        """Whether the client has sent this browser too often in a row: a page stops it."""
        return self.loop_counter is not None and self.loop_counter.is_loop


class AuthorizationEndpoint:
    """Answers authorization requests, sent by GET or POST (OpenID Connect Core §3.1.2.1)."""

    def __init__(
        self, authorization: Authorization, current_session: CurrentSession, cookies: Cookies, clock: Clock
    ) -> None:
        self._authorization, self._current_session = authorization, current_session
        self._cookies, self._clock = cookies, clock

    def respond(self, request: Request) -> Response | None:
        """Redirect to the client; None: the request is decided, and needs its page."""
        try:
            decided = self._decide(request)
        except Exception as error:  # noqa: BLE001 - raised again by the page, which shows what it means
            request.environ[_DECIDED] = error
            return None
        outcome = decided.outcome
        needs_page = decided.is_loop or _LANGUAGE_CHOICE in request.environ.get("QUERY_STRING", "")
        if needs_page or not isinstance(outcome, Answered) or outcome.response.is_form_post:
            request.environ[_DECIDED] = decided
            return None
        response = self.complete(see_other(outcome.response.location), decided)
        return self._current_session.complete(response, request)

    def decided(self, request: Request) -> Decided:
        """Return what was decided on a request that needs its page; raises what was raised."""
        decided: Decided | Exception = request.environ[_DECIDED]
        if isinstance(decided, Exception):
            raise decided
        return decided

    def complete(self, response: R, decided: Decided) -> R:
        """Set the cookies of the endpoint with a response: the browser's secret, the count of redirects."""
        if decided.new_browser_secret:
            self._cookies.set(response, BROWSER_COOKIE, decided.new_browser_secret)
        if decided.is_loop:
            self._cookies.clear(response, redirect_loops.COOKIE)
        elif decided.loop_counter:
            value = decided.loop_counter.cookie()
            self._cookies.set(response, redirect_loops.COOKIE, value, redirect_loops.WITHIN_SECONDS)
        return response

    def _decide(self, request: Request) -> Decided:
        is_form = request.method == "POST"
        parameters = Parameters(request.form.items(multi=True) if is_form else read_query(request.environ))
        known = self._cookies.of(request, BROWSER_COOKIE)
        signed_in = self._current_session.of(request)
        if is_form and known is None and signed_in is None:
            return Decided(self._authorization.store_request(parameters))
        secret = known or randomness.secret()
        outcome = self._authorization.begin(parameters, signed_in, secret)
        counter = self._count_redirect(request, outcome) if isinstance(outcome, Answered) else None
        return Decided(outcome, None if known else secret, counter)

    def _count_redirect(self, request: Request, outcome: Answered) -> LoopCounter | None:
        # Only browsers send the header, and only they loop.
        if request.headers.get("Sec-Fetch-Mode") != "navigate":
            return None
        return redirect_loops.count_redirect(
            self._cookies.of(request, redirect_loops.COOKIE),
            outcome.response.target.client.id,
            self._clock.now(),
        )
