"""The help page."""

from email.utils import parseaddr

from flask import Blueprint, Response

from identity.config import Settings
from identity.web.pages import Pages


class HelpPages:
    """Answers what residents ask."""

    def __init__(self, pages: Pages, settings: Settings) -> None:
        self._pages = pages
        self._sender = parseaddr(settings.mail_sender)

    def blueprint(self) -> Blueprint:
        """Return the page."""
        blueprint = Blueprint("help", __name__)
        blueprint.get("/help")(self.show)
        return blueprint

    def show(self) -> Response:
        """Show the answers."""
        return self._pages.render("help/help.html", self._pages.continuation(), sender=self._sender)
