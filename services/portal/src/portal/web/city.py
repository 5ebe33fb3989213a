"""The city's name, logo, colours, languages and help line, as identity publishes them."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from portal.clock import Clock
from portal.errors import IdentityError
from portal.identity_client.client import IdentityClient

LIFETIME = timedelta(seconds=60)
# How long an older copy serves before identity, which could not be reached, is asked again.
RETRY_AFTER = timedelta(seconds=10)
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class City:
    """What pages show of a city; empty text where identity says nothing. `languages` are BCP 47."""

    name: str = ""
    website: str = ""
    support_phone: str = ""
    support_name: str = ""
    primary_color: str = "#1a4480"
    accent_color: str = "#005ea2"
    languages: Sequence[str] = ("en", "es")
    notice: str = ""
    time_zone: str = ""
    # SVG.
    logo: bytes = b""


class CityCache:
    """The portal's one city, cached for a minute. While identity is away the older copy serves."""

    def __init__(self, identity: IdentityClient, city_id: str, clock: Clock) -> None:
        self._identity, self._city_id, self._clock = identity, city_id, clock
        self._lock = threading.Lock()
        self._city = City()
        self._stale_at: datetime | None = None

    def current(self) -> City:
        """Return the city as last read; defaults if it never could be."""
        now = self._clock.now()
        if self._stale_at and now < self._stale_at:
            return self._city
        # One request asks; others use the older copy. Before the first answer all wait.
        if not self._lock.acquire(blocking=self._stale_at is None):
            return self._city
        try:
            if self._stale_at is None or now >= self._stale_at:
                self._refresh(now)
        finally:
            self._lock.release()
        return self._city

    def expire(self) -> None:
        """Forget the city, as before the first request."""
        self._city, self._ask_after = City(), None

    def _refresh(self, now: datetime) -> None:
        try:
            self._city = _parse(self._identity.fetch_city(self._city_id), self._fetch_logo())
            self._stale_at = now + LIFETIME
        except IdentityError as error:
            log.warning("city_unavailable", city=self._city_id, detail=error.detail)
            self._stale_at = now + RETRY_AFTER

    def _fetch_logo(self) -> bytes:
        try:
            return self._identity.fetch_city_logo(self._city_id)
        except IdentityError:
            return self._city.logo


def _parse(facts: Mapping[str, object], logo: bytes) -> City:
    """Read what identity sent; a field of another type counts as absent."""
    default = City()

    def text(name: str) -> str:
        value = facts.get(name)
        return value if isinstance(value, str) else ""

    def color(name: str, otherwise: str) -> str:
        return text(name) if COLOR.fullmatch(text(name)) else otherwise

    website = text("website")
    languages = facts.get("languages")
    return City(
        name=text("name"),
        website=website if website.startswith(("https://", "http://")) else "",
        support_phone=text("support_phone"),
        support_name=text("support_name"),
        primary_color=color("primary_color", default.primary_color),
        accent_color=color("accent_color", default.accent_color),
        languages=[each for each in languages if isinstance(each, str)]
        if isinstance(languages, list)
        else default.languages,
        notice=text("notice"),
        time_zone=text("time_zone"),
        logo=logo,
    )
