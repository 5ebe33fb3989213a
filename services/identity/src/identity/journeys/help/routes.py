"""The help page."""

from email.utils import parseaddr

from flask import Blueprint, Response

from identity.config import Settings
from identity.web.marked_pages import MarkedPages
from identity.web.pages import Pages


class HelpPages:
    """Answers what residents ask."""

    def __init__(self, pages: Pages, marked_pages: MarkedPages, settings: Settings) -> None:
        self._pages, self._marked_pages = pages, marked_pages
        self._sender = parseaddr(settings.mail_sender)

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("help", __name__)
        blueprint.get("/help")(self.show)
        return blueprint

    def show(self) -> Response:
        """Show the answers."""
        return self._marked_pages.render(
            "help/help.html", self._pages.continuation(), {"sender": self._sender}, {}, dict
        )
