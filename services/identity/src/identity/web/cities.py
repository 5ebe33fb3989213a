"""A city's public data: what the portal and the city's own site show of it as well."""

import json
import re

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from identity.config import Settings
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredCity
from identity.web.api import READ, Route
from identity.web.documents import Document
from identity.web.theme import style_sheet

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# Public, and without cookies: pages of any origin may embed it (WHATWG Fetch §3.7).
_EMBEDDABLE = {"Cross-Origin-Resource-Policy": "cross-origin"}
# An SVG opened as a page of its own runs no script and loads nothing.
_LOGO_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


class CityData:
    """The public endpoints of a city."""

    def __init__(self, relying_parties: RelyingPartyCache, settings: Settings) -> None:
        self._relying_parties = relying_parties
        self._issuer = settings.issuer

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        return [
            Route("/cities/<city_id>", READ, self.data, cross_origin=True),
            Route("/cities/<city_id>/logo.svg", READ, self.logo, cross_origin=True),
            Route("/cities/<city_id>/theme.css", READ, self.theme, cross_origin=True),
        ]

    def data(self, request: Request, city_id: str) -> Response:
        """Return the city as JSON."""
        city = self._find_city(city_id)
        content = {
            "name": city.name,
            "website": city.website,
            "support_phone": city.support_phone,
            "support_name": city.support_name,
            "primary_color": city.primary_color,
            "accent_color": city.accent_color,
            "languages": list(city.languages),
            "time_zone": city.time_zone,
            "notice": city.notice,
            "logo": f"{self._issuer}/cities/{city.id}/logo.svg",
        }
        return Document(json.dumps(content).encode(), "application/json", _EMBEDDABLE).respond(request)

    def logo(self, request: Request, city_id: str) -> Response:
        """Return the city's logo."""
        logo = self._find_city(city_id).logo_svg.encode()
        return Document(logo, "image/svg+xml; charset=utf-8", _EMBEDDABLE | _LOGO_POLICY).respond(request)

    def theme(self, request: Request, city_id: str) -> Response:
        """Return the city's colours as a style sheet over USWDS."""
        city = self._find_city(city_id)
        sheet = style_sheet(city.primary_color, city.accent_color).encode()
        return Document(sheet, "text/css; charset=utf-8", _EMBEDDABLE).respond(request)

    def _find_city(self, city_id: str) -> RegisteredCity:
        city = self._relying_parties.city(city_id) if _SLUG.fullmatch(city_id) else None
        if city is None:
            raise NotFound
        return city
