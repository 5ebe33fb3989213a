"""A city's public data: what the portal and the city's own site show of it as well."""

import re

from flask import Blueprint, Response, jsonify, make_response, request
from werkzeug.exceptions import NotFound

from identity.config import Settings
from identity.relying_parties.cache import RelyingPartyCache
from identity.relying_parties.clients import RegisteredCity
from identity.web.theme import style_sheet

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CACHED = "public, max-age=300"
# An SVG opened as a page of its own must not be able to do anything.
_DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class CityData:
    """The public endpoints of a city."""

    def __init__(self, relying_parties: RelyingPartyCache, settings: Settings) -> None:
        self._relying_parties = relying_parties
        self._issuer = settings.issuer

    def blueprint(self) -> Blueprint:
        """Return the endpoints."""
        blueprint = Blueprint("cities", __name__, url_prefix="/cities")
        blueprint.get("/<city_id>")(self.data)
        blueprint.get("/<city_id>/logo.svg")(self.logo)
        blueprint.get("/<city_id>/theme.css")(self.theme)
        return blueprint

    def data(self, city_id: str) -> Response:
        """Return the city as JSON."""
        city = self._city(city_id)
        return _cached(
            jsonify(
                name=city.name,
                website=city.website,
                support_phone=city.support_phone,
                support_name=city.support_name,
                primary_color=city.primary_color,
                accent_color=city.accent_color,
                languages=list(city.languages),
                time_zone=city.time_zone,
                notice=city.notice,
                logo=f"{self._issuer}/cities/{city.id}/logo.svg",
            )
        )

    def logo(self, city_id: str) -> Response:
        """Return the city's logo."""
        response = make_response(self._city(city_id).logo_svg)
        response.mimetype = "image/svg+xml"
        response.headers["Content-Security-Policy"] = _DRAWING_POLICY
        return _cached(response)

    def theme(self, city_id: str) -> Response:
        """Return the city's colours as a style sheet over USWDS."""
        city = self._city(city_id)
        response = make_response(style_sheet(city.primary_color, city.accent_color))
        response.mimetype = "text/css"
        return _cached(response)

    def _city(self, city_id: str) -> RegisteredCity:
        city = self._relying_parties.city(city_id) if _SLUG.fullmatch(city_id) else None
        if city is None:
            raise NotFound
        return city


def _cached(response: Response) -> Response:
    """Let everybody keep it for five minutes, and embed it: it is public and carries no cookie."""
    response.headers["Cache-Control"] = _CACHED
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response
