"""Protection against cross-site request forgery, and the page for a form whose token has expired.

Every POST needs the token of its page (Flask-WTF). A form that is older than twelve hours, or whose browser
has lost its cookies, is shown again with what was typed: a journey registers how with `when_expired`.
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
        """Attach to the application; `otherwise` renders the page for forms without a `when_expired`."""
        app.config["WTF_CSRF_TIME_LIMIT"] = _LIFETIME
        # Pages send no referrer; `Sec-Fetch-Site`, which no page can suppress, is checked instead.
        app.config["WTF_CSRF_SSL_STRICT"] = False
        app.before_request(self._refuse_other_sites)
        self._protect.init_app(app)

        @app.errorhandler(CSRFError)
        def _expired(_error: CSRFError) -> Response:
            return self._when_expired.get(request.endpoint or "", otherwise)()

    def exempt(self, blueprint: Blueprint) -> None:
        """Leave out endpoints that need no cookie, such as the protocol's."""
        self._protect.exempt(blueprint)
        self._exempt.add(blueprint.name)

    def when_expired(self, endpoint: str, renderer: Renderer) -> None:
        """Register the page for a form that came back with an expired token, or without its cookie."""
        self._when_expired[endpoint] = renderer

    def renew(self) -> None:
        """Delete the token: at a change of privilege one that was learned before must be worth nothing."""
        page_state.pop(_TOKEN_FIELD, None)

    def _refuse_other_sites(self) -> None:
        """Refuse a form that another website sent, with or without a token (W3C Fetch Metadata)."""
        guarded = request.method == "POST" and request.endpoint and request.blueprint not in self._exempt
        if guarded and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise CSRFError("sent by another site")
