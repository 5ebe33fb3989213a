"""Protection against forged requests, and what somebody sees whose page has grown old.

Every POST needs the token of its page (Flask-WTF). A page that waited too long, or came from a browser whose
cookies were cleared, is answered by the same form with what was typed, never by a dead end: a journey says
with `when_expired` how its form is shown again.
"""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request
from flask import session as page_state
from flask_wtf.csrf import CSRFError, CSRFProtect

Renderer = Callable[[], Response]

_TOKEN_FIELD = "csrf_token"  # noqa: S105 - the field's name
_LIFETIME = 12 * 60 * 60


class Csrf:
    """The application's protection: on for every endpoint that is not exempt."""

    def __init__(self) -> None:
        self._protect = CSRFProtect()
        self._exempt: set[str] = set()
        self._when_expired: dict[str, Renderer] = {}

    def init_app(self, app: Flask, otherwise: Renderer) -> None:
        """Attach to the application; `otherwise` answers for forms that did not say how to."""
        app.config["WTF_CSRF_TIME_LIMIT"] = _LIFETIME
        # Pages send no referrer. `Sec-Fetch-Site` says the same and cannot be suppressed.
        app.config["WTF_CSRF_SSL_STRICT"] = False
        app.before_request(self._refuse_other_sites)
        self._protect.init_app(app)

        @app.errorhandler(CSRFError)
        def _expired(_error: CSRFError) -> Response:
            return self._when_expired.get(request.endpoint or "", otherwise)()

    def exempt(self, blueprint: Blueprint) -> None:
        """Leave out endpoints that carry their own proof, such as the protocol's."""
        self._protect.exempt(blueprint)
        self._exempt.add(blueprint.name)

    def when_expired(self, endpoint: str, renderer: Renderer) -> None:
        """Name the page for a form that came back too old, or without its cookie."""
        self._when_expired[endpoint] = renderer

    def renew(self) -> None:
        """Forget the token: whoever learned it before a change of privilege holds nothing afterwards."""
        page_state.pop(_TOKEN_FIELD, None)

    def _refuse_other_sites(self) -> None:
        """Refuse a form that another website sent, whatever token it carries (W3C Fetch Metadata)."""
        guarded = request.method == "POST" and request.endpoint and request.blueprint not in self._exempt
        if guarded and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise CSRFError("sent by another site")
