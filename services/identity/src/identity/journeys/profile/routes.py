"""The profile page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, flash
from flask_babel import gettext

from identity.journeys.profile.allowed import AllowedWebsites
from identity.journeys.profile.profile import ResidentProfile
from identity.residents.sessions.store import LiveSession
from identity.web.browsers import browser_and_system
from identity.web.csrf import Csrf
from identity.web.current_session import CurrentSession, SignedIn
from identity.web.pages import Pages
from identity.web.sign_in_methods import PASSWORD, SignInMethods
from identity.web.visitor import current_visitor

PATH = "/profile"


@dataclass(frozen=True)
class Device:
    """A row of "Signed-in devices". Holds personal data: the IP address."""

    sid: str
    name: str
    ip_address: str
    last_used: datetime
    is_this: bool


class ProfilePages:
    """The profile page and its forms."""

    def __init__(
        self,
        pages: Pages,
        csrf: Csrf,
        current_session: CurrentSession,
        profile: ResidentProfile,
        methods: SignInMethods,
        allowed: AllowedWebsites,
    ) -> None:
        self._allowed = allowed
        self._pages = pages
        self._csrf = csrf
        self._current_session = current_session
        self._profile = profile
        self._methods = methods

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("profile", __name__)
        blueprint.get("/", endpoint="front")(self._back)
        blueprint.get(PATH)(self.show)
        blueprint.post(f"{PATH}/sessions/<sid>/end", endpoint="end_session")(self.end_session)
        blueprint.post(f"{PATH}/sessions/end-others", endpoint="end_others")(self.end_others)
        blueprint.post(f"{PATH}/websites/<client_id>/remove", endpoint="remove_access")(self.remove_access)
        self._csrf.when_expired("profile.remove_access", self._back)
        self._csrf.when_expired("profile.end_session", self._back)
        self._csrf.when_expired("profile.end_others", self._back)
        return blueprint

    def show(self) -> Response:
        """Show the profile."""
        return self._signed_in(self._show)

    def end_session(self, sid: str) -> Response:
        """Sign one device out."""
        return self._signed_in(lambda current: self._end_session(current, sid))

    def end_others(self) -> Response:
        """Sign every other device out."""
        return self._signed_in(self._end_others)

    def remove_access(self, client_id: str) -> Response:
        """Remove a website's access."""
        return self._signed_in(lambda current: self._remove_access(current, client_id))

    def _show(self, current: SignedIn) -> Response:
        profile = self._profile.read_profile(current)
        by_password = profile.sign_in_method == PASSWORD
        provider = "" if by_password else self._methods.name(profile.sign_in_method)
        return self._pages.render(
            "profile/profile.html",
            self._pages.continuation(),
            profile=profile,
            method=gettext("Email address and password") if by_password else provider,
            provider=provider,
            allowed=self._allowed.list_websites(current),
            devices=[_device(session, current) for session in profile.sessions],
        )

    def _end_session(self, current: SignedIn, sid: str) -> Response:
        if sid == current.sid:
            return self._pages.see_other("/sign-out", self._pages.continuation())
        self._profile.end_session(current, sid, current_visitor())
        flash(gettext("The device is signed out."), "success")
        return self._back()

    def _end_others(self, current: SignedIn) -> Response:
        self._profile.end_other_sessions(current, current_visitor())
        flash(gettext("You are signed out everywhere else."), "success")
        return self._back()

    def _remove_access(self, current: SignedIn, client_id: str) -> Response:
        self._allowed.remove_access(current, client_id, current_visitor())
        flash(gettext("The website no longer has access."), "success")
        return self._back()

    def _back(self) -> Response:
        return self._pages.see_other(PATH, self._pages.continuation())

    def _signed_in(self, then: Callable[[SignedIn], Response]) -> Response:
        """Answer a resident who is signed in; any other visitor signs in first and comes back."""
        current = self._current_session.load()
        if current is None:
            return self._pages.see_other("/sign-in", self._pages.continuation_to(PATH))
        return then(current)


def _device(session: LiveSession, current: SignedIn) -> Device:
    browser, system = browser_and_system(session.user_agent)
    if browser and system:
        name = gettext("%(browser)s on %(system)s", browser=browser, system=system)
    else:
        name = browser or system or gettext("Unknown browser")
    return Device(session.sid, name, session.ip_address, session.last_seen_at, session.sid == current.sid)
